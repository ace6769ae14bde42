using Nstance.Temporal.Workflows;
using Temporalio.Activities;
using Temporalio.Api.Enums.V1;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>
/// The keep-alive's one activity; runs on the shared queue. A collector that was terminated or failed comes back knowing
/// what the last one knew: a pause, a hold or dry-run must not end because a workflow did.
/// </summary>
public sealed class KeepAliveActivities : IKeepAliveActivities
{
    /// <summary>Tries to read the last state; after these the new collector is paused until somebody looks.</summary>
    public const int MaxTries = 3;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    /// <inheritdoc />
    [Activity]
    public async Task<string> EnsureCollectorRunsAsync(GcInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var context = ActivityExecutionContext.Current;
        var client = context.TemporalClient;
        var handle = client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(input.Shard.Cluster, input.Shard.Shard));
        try
        {
            var last = await handle.DescribeAsync(new() { Rpc = new() { Timeout = AnswerTimeout } });
            if (last.Status == WorkflowExecutionStatus.Running) return last.RunId;
            var known = await handle.QueryAsync(w => w.Export(), new() { Rpc = new() { Timeout = AnswerTimeout } });
            input = input with { State = After(known.State) };
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // The first one, or one whose history is past its retention.
        }
        catch (Exception e) when (e is TemporalException && context.Info.Attempt >= MaxTries)
        {
            input = input with
            {
                State = new()
                {
                    Pause = new("what the last collector knew could not be read; look, then resume", DateTimeOffset.UtcNow) { By = "keep-alive" },
                },
            };
        }

        return await CollectorStart.EnsureRunsAsync(client, input);
    }

    /// <summary>Without what needs a fresh look: the host, and anything that was allowed.</summary>
    private static GcState? After(GcState? last) => last is null ? null : last with
    {
        Host = null,
        LastHost = last.Host?.Host ?? last.LastHost,
        Approval = null,
        Pending = null,
        NextCycleAt = null,
        LastCycleAt = null,
    };
}
