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
        // Every machine has the loopback addresses: they tell no host apart.
        if (named.Length == 0 || Array.TrueForAll(named, IPAddress.IsLoopback)) return AddressMatch.Unclear;
        var own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => Plain(unicast.Address))
            .Where(address => !IPAddress.IsLoopback(address));
        return own.Intersect(named).Any() ? AddressMatch.Own : AddressMatch.Other;
    }

    /// <summary>Empty: the name has no address, or the resolver did not answer in time.</summary>
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

    /// <summary>Without the scope of a link, which depends on the machine, and IPv4 as IPv4.</summary>
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new(address.GetAddressBytes());
}
