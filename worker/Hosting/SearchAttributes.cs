using Nstance.Temporal.Worker.Commands;
using Temporalio.Api.OperatorService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The search attributes that the workflows set: a namespace without them refuses the workflows.</summary>
internal static class SearchAttributes
{
    /// <summary>How long a server may take to know what it registered: two seconds were seen, more with other settings.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MaxTries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Names of those that the namespace lacks.</summary>
    /// <exception cref="CommandException">One is there with another type.</exception>
    public static async Task<IReadOnlyList<string>> MissingAsync(TemporalClient client, RpcOptions rpc)
    {
        var there = (await client.OperatorService.ListSearchAttributesAsync(
            new() { Namespace = client.Options.Namespace }, rpc)).CustomAttributes;
        var missing = new List<string>();
        foreach (var attribute in Names.SearchAttributes)
        {
            if (!there.TryGetValue(attribute.Name, out var type))
            {
                missing.Add(attribute.Name);
            }
            else if (type != attribute.ValueType)
            {
                throw new CommandException(
                    ExitCode.BadInput,
                    $"search attribute {attribute.Name} has type {type} in namespace {client.Options.Namespace}: it must be {attribute.ValueType}");
            }
        }

        return missing;
    }

    /// <summary>
    /// Registers those that the namespace lacks, and waits until the server takes them: each of a cluster's processes reads a
    /// namespace again only every few seconds. What it does not take within <see cref="Patience"/> is not waited for any longer:
    /// the keep-alive tries again. Safe to call from many places at once.
    /// </summary>
    /// <returns>Names of those that were missing.</returns>
    /// <exception cref="RpcException">They cannot be registered: no permission, or no room for another of their type.</exception>
    public static async Task<IReadOnlyList<string>> EnsureAsync(TemporalClient client, RpcOptions rpc)
    {
        var missing = await MissingAsync(client, rpc);
        if (missing.Count == 0)
        {
            return missing;
        }

        for (var (tries, left) = (1, missing); left.Count > 0; tries++, left = await MissingAsync(client, rpc))
        {
            try
            {
                await client.OperatorService.AddSearchAttributesAsync(Request(client, left), rpc);
                break;
            }
            catch (RpcException e) when (tries < MaxTries
                && e.Code is RpcException.StatusCode.AlreadyExists or RpcException.StatusCode.Unavailable)
            {
                // Another host was faster, perhaps with a part of them; a server that lags lists them only in a moment.
                await Task.Delay(Pause * tries, rpc.CancellationToken ?? CancellationToken.None);
            }
        }

        await TakenAsync(client, rpc);
        return missing;
    }

    private static AddSearchAttributesRequest Request(TemporalClient client, IReadOnlyList<string> missing)
    {
        var request = new AddSearchAttributesRequest { Namespace = client.Options.Namespace };
        foreach (var attribute in Names.SearchAttributes.Where(attribute => missing.Contains(attribute.Name)))
        {
            request.SearchAttributes[attribute.Name] = attribute.ValueType;
        }

        return request;
    }

    /// <summary>Until the server knows them in a query; what it lists as registered it does not take everywhere yet.</summary>
    private static async Task TakenAsync(TemporalClient client, RpcOptions rpc)
    {
        var query = string.Join(" AND ", Names.SearchAttributes.Select(attribute => $"{attribute.Name} IS NULL"));
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Pause)
        {
            try
            {
                await client.CountWorkflowsAsync(query, new() { Rpc = rpc });
                return;
            }
            catch (RpcException e) when (e.Code is RpcException.StatusCode.InvalidArgument or RpcException.StatusCode.ResourceExhausted)
            {
                await Task.Delay(Pause, rpc.CancellationToken ?? CancellationToken.None);
            }
            catch (RpcException)
            {
                return; // It cannot be asked; whoever needs them will see.
            }
        }
    }
}
