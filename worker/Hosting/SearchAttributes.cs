using Temporalio.Api.OperatorService.V1;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The search attributes that the workflows set: a namespace without them refuses the workflows.</summary>
internal static class SearchAttributes
{
    /// <summary>How long a server may need to accept new attributes: two seconds were seen, more is possible.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MaxTries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Returns the names of those that the namespace lacks.</summary>
    /// <exception cref="CommandException">One exists with another type.</exception>
    public static async Task<IReadOnlyList<string>> MissingAsync(TemporalClient client, RpcOptions rpc)
    {
        var name = client.Options.Namespace;
        var known = await client.OperatorService.ListSearchAttributesAsync(new() { Namespace = name }, rpc);
        var missing = new List<string>();
        foreach (var attribute in Names.SearchAttributes)
        {
            if (!known.CustomAttributes.TryGetValue(attribute.Name, out var type)) missing.Add(attribute.Name);
            else if (type != attribute.ValueType)
            {
                throw CommandException.BadInput(
                    $"search attribute {attribute.Name} has type {type} in namespace {name}: "
                    + $"it must be {attribute.ValueType}");
            }
        }

        return missing;
    }

    /// <summary>
    /// Registers those that the namespace lacks, and waits at most <see cref="Patience"/> until the server accepts
    /// them: each process of a cluster reads a namespace again only every few seconds. After that the keep-alive tries
    /// again. Safe to call from many hosts at once.
    /// </summary>
    /// <returns>Names of those that were missing.</returns>
    /// <exception cref="RpcException">No permission, or no room for another attribute of this type.</exception>
    public static async Task<IReadOnlyList<string>> EnsureAsync(TemporalClient client, RpcOptions rpc)
    {
        var missing = await MissingAsync(client, rpc);
        if (missing.Count == 0) return missing;
        var left = missing;
        for (var tries = 1; left.Count > 0; tries++)
        {
            try
            {
                var request = new AddSearchAttributesRequest { Namespace = client.Options.Namespace };
                foreach (var attribute in Names.SearchAttributes.Where(attribute => left.Contains(attribute.Name)))
                    request.SearchAttributes[attribute.Name] = attribute.ValueType;
                await client.OperatorService.AddSearchAttributesAsync(request, rpc);
                break;
            }
            catch (RpcException e) when (tries < MaxTries
                && e.Code is RpcException.StatusCode.AlreadyExists or RpcException.StatusCode.Unavailable)
            {
                // Another host registered some of them first; a server that lags lists them a moment later.
                await WaitAsync(Pause * tries, rpc);
                left = await MissingAsync(client, rpc);
            }
        }

        await AcceptedAsync(client, rpc);
        return missing;
    }

    /// <summary>Waits until a query may name them: the list of the operator service is ahead of that.</summary>
    private static async Task AcceptedAsync(TemporalClient client, RpcOptions rpc)
    {
        var query = string.Join(" AND ", Names.SearchAttributes.Select(attribute => $"{attribute.Name} IS NULL"));
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Pause)
        {
            try
            {
                await client.CountWorkflowsAsync(query, new() { Rpc = rpc });
                return;
            }
            catch (RpcException e)
                when (e.Code is RpcException.StatusCode.InvalidArgument or RpcException.StatusCode.ResourceExhausted)
            {
                await WaitAsync(Pause, rpc);
            }
            catch (RpcException)
            {
                return; // The query is not possible; a workflow that needs the attributes reports them.
            }
        }
    }

    private static Task WaitAsync(TimeSpan time, RpcOptions rpc) =>
        Task.Delay(time, rpc.CancellationToken ?? CancellationToken.None);
}
