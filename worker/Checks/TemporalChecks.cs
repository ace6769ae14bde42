using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Whether Temporal answers and is ready for the workflows. Changes nothing.</summary>
internal static class TemporalChecks
{
    public const string Connection = "temporal";
    public const string Namespace = "namespace";
    public const string Attributes = "search attributes";

    /// <summary>Connects and adds the outcomes. Returns the client; null when no server answered.</summary>
    public static async Task<TemporalClient?> RunAsync(
        Func<Task<TemporalClient>> connect, List<Check> checks, CancellationToken cancellationToken)
    {
        TemporalClient client;
        try
        {
            client = await connect();
        }
        catch (CommandException e)
        {
            checks.Add(Check.Failed(Connection, e.Message, e.Code));
            checks.Add(Check.Skipped(Namespace, "no connection"));
            checks.Add(Check.Skipped(Attributes, "no connection"));
            return null;
        }

        checks.Add(Check.Ok(Connection, $"{client.Connection.Options.TargetHost} answers"));
        var rpc = new RpcOptions { Timeout = TimeSpan.FromSeconds(10), CancellationToken = cancellationToken };
        try
        {
            var name = client.Options.Namespace;
            await client.WorkflowService.DescribeNamespaceAsync(new() { Namespace = name }, rpc);
            checks.Add(Check.Ok(Namespace, $"{name} is there"));
            checks.Add(await AttributesAsync(client, rpc));
        }
        catch (RpcException e)
        {
            checks.Add(Check.Failed(Namespace, Failure.Of(e)));
            checks.Add(Check.Skipped(Attributes, "no namespace"));
        }

        return client;
    }

    private static async Task<Check> AttributesAsync(TemporalClient client, RpcOptions rpc)
    {
        try
        {
            var missing = string.Join(", ", await SearchAttributes.MissingAsync(client, rpc));
            return missing.Length == 0
                ? Check.Ok(Attributes, "all registered")
                : Check.Warning(Attributes, $"{missing} not registered: run and schedule create register them");
        }
        catch (CommandException e)
        {
            return Check.Failed(Attributes, e.Message);
        }
        catch (RpcException e)
        {
            // Temporal Cloud keeps these calls to its own control plane.
            return Check.Warning(
                Attributes, $"cannot be listed here ({e.Code}): register them by hand if workflows fail to start");
        }
    }
}
