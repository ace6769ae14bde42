using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>Compares the leader's address with the addresses of this machine.</summary>
internal static class LocalAddresses
{
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(5);

    public static async Task<AddressMatch> MatchAsync(string host, CancellationToken ct)
    {
        var named = await ResolveAsync(host, ct);
        // Every machine has the loopback addresses.
        if (named.Length == 0 || Array.TrueForAll(named, IPAddress.IsLoopback)) return AddressMatch.Unclear;
        var own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => Plain(unicast.Address))
            .Where(address => !IPAddress.IsLoopback(address));
        return own.Intersect(named).Any() ? AddressMatch.Own : AddressMatch.Other;
    }

    /// <summary>
    /// Returns the addresses of a name; none if it has none, or the resolver does not answer in time.
    /// </summary>
    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct)
    {
        if (host.Length == 0) return [];
        if (IPAddress.TryParse(host, out var address)) return [Plain(address)];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(LookupTimeout);
        try
        {
            return Array.ConvertAll(await Dns.GetHostAddressesAsync(host, limit.Token), Plain);
        }
        catch (Exception e) when (e is SocketException or ArgumentException
            || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return [];
        }
    }

    /// <summary>Returns an address without the scope of a link, which differs by machine, and IPv4 as IPv4.</summary>
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new(address.GetAddressBytes());
}
