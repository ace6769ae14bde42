using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Describing;

/// <summary>What the server says of itself. SDKs ask before anything else.</summary>
internal static class SystemRoom
{
    private const string Version = "1.32.0";

    public static void Register(ServerEngine engine)
    {
        engine.Rpc.Add<GetSystemInfoRequest, GetSystemInfoResponse>("GetSystemInfo", _ => new()
        {
            ServerVersion = Version,
            Capabilities = new()
            {
                SignalAndQueryHeader = true,
                InternalErrorDifferentiation = true,
                ActivityFailureIncludeHeartbeat = true,
                SupportsSchedules = true,
                EncodedFailureAttributes = true,
                UpsertMemo = true,
                SdkMetadata = true,
                BuildIdBasedVersioning = true,
                CountGroupByExecutionStatus = true,
            },
        });
        engine.Rpc.Add<GetClusterInfoRequest, GetClusterInfoResponse>("GetClusterInfo", _ => new()
        {
            ServerVersion = Version,
            ClusterId = "00000000-0000-4000-8000-000000000001",
            ClusterName = "active",
            HistoryShardCount = 1,
            PersistenceStore = "memory",
            VisibilityStore = "memory",
        });
    }
}
