namespace Nstance.Temporal.Worker.Hosting;

/// <summary>A server without our namespace.</summary>
internal static class NamespaceFault
{
    /// <summary>True: the server says that it has no such namespace.</summary>
    public static bool IsOf(RpcException e) =>
        e.Code == RpcException.StatusCode.NotFound
        && e.Message.StartsWith("Namespace ", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is missing, and how to make it.</summary>
    public static string Text(TemporalClient client)
    {
        var name = client.Options.Namespace;
        return $"namespace {name} is not on Temporal at {client.Connection.Options.TargetHost}: "
            + "check --namespace or TEMPORAL_NAMESPACE, "
            + $"or make it: temporal operator namespace create --namespace {name} --retention 3d";
    }
}
