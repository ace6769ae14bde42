namespace Nstance.Temporal.Worker;

/// <summary>Every log message of this project. Event ids are stable: 1000 to 1099.</summary>
internal static partial class Logs
{
    [LoggerMessage(
        1000,
        LogLevel.Information,
        "Worker {Host} polls {TaskQueue} and {HostTaskQueue} of namespace {Namespace} at {Address}")]
    public static partial void WorkerStarting(
        ILogger log, string host, string taskQueue, string hostTaskQueue, string @namespace, string address);

    [LoggerMessage(1001, LogLevel.Information, "Worker {Host} stopped")]
    public static partial void WorkerStopped(ILogger log, string host);

    [LoggerMessage(1002, LogLevel.Information, "Search attributes registered in namespace {Namespace}: {Names}")]
    public static partial void SearchAttributesAdded(ILogger log, string @namespace, string names);

    [LoggerMessage(
        1003,
        LogLevel.Warning,
        "The worker cannot register the search attributes of namespace {Namespace}: {Why}. "
        + "Register them: workflows fail to start without them")]
    public static partial void SearchAttributesNotAdded(ILogger log, string @namespace, string why);

    [LoggerMessage(
        1004,
        LogLevel.Information,
        "Database of {Cluster}/{Shard}: {Path}, shared with nstance's server")]
    public static partial void SharedDatabase(ILogger log, string cluster, string shard, string path);

    [LoggerMessage(1005, LogLevel.Information, "Databases of our own in {Directory}")]
    public static partial void OwnDatabases(ILogger log, string directory);

    [LoggerMessage(1006, LogLevel.Information, "Health and metrics at {Url}/healthz/live, /healthz/ready and /metrics")]
    public static partial void Listening(ILogger log, string url);

    [LoggerMessage(
        1007,
        LogLevel.Warning,
        "{Identities} polled {HostTaskQueue} a short time ago. This worker waits up to {Seconds} s. "
        + "It ends if they poll again, because two workers must not have one host name")]
    public static partial void AnotherWorkerSeen(ILogger log, string identities, string hostTaskQueue, double seconds);

    [LoggerMessage(
        1008,
        LogLevel.Warning,
        "The workers on {HostTaskQueue} cannot be listed: {Why}. Make sure that no other worker has this host name")]
    public static partial void WorkersNotSeen(ILogger log, string hostTaskQueue, string why);

    [LoggerMessage(1009, LogLevel.Information, "AWS endpoint: {What}")]
    public static partial void EndpointNotice(ILogger log, string what);

    [LoggerMessage(1010, LogLevel.Warning, "{Why}. This worker has no work for the shard until then")]
    public static partial void NoCollector(ILogger log, string why);
}
