using Nstance.Temporal.Workflows;
using Temporalio.Activities;
using Temporalio.Api.Enums.V1;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>
/// Restarts a collector that was terminated or has failed; runs on the shared queue. The new collector takes over the
/// state of the last one, including a pause or dry-run.
/// </summary>
public sealed class KeepAliveActivities : IKeepAliveActivities
{
    /// <summary>Tries to read the last state. If all fail, the new collector starts paused.</summary>
    public const int MaxTries = 3;

    /// <summary>As many as a collector keeps.</summary>
    private const int MaxEndedPlans = 20;

    private const string Unreadable = "the state of the last collector could not be read; check the shard, then resume";

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
            input = input with { State = After(known, input.Settings) };
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // The first collector, or the history of the last one is past its retention.
        }
        catch (Exception e) when (e is TemporalException && context.Info.Attempt >= MaxTries)
        {
            input = input with
            {
                State = new()
                {
                    Pause = new(Unreadable, DateTimeOffset.UtcNow) { By = "keep-alive" },
                },
            };
        }

        return await CollectorStart.EnsureRunsAsync(client, input);
    }

    /// <inheritdoc />
    [Activity]
    public Task<IReadOnlyList<string>> ListSearchAttributesAsync()
    {
        var context = ActivityExecutionContext.Current;
        return CollectorStart.ListAttributesAsync(
            context.TemporalClient, new() { Timeout = AnswerTimeout, CancellationToken = context.CancellationToken });
    }

    /// <summary>Drops what must be decided again: the host, the plan and its approval, the times of cycles.</summary>
    private static GcState? After(GcInput last, GcSettings next) => last.State is not { } state ? null : state with
    {
        Host = null,
        LastHost = state.Host?.Host ?? state.LastHost,
        Mode = state.Mode ?? DryRunAfter(last.Settings, next),
        Approval = null,
        Pending = null,
        EndedPlans =
        [
            .. new[] { state.Pending?.Hash, state.Approval?.Hash }.OfType<string>(),
            .. state.EndedPlans.Take(MaxEndedPlans - 2),
        ],
        NextCycleAt = null,
        LastCycleAt = null,
    };

    /// <summary>
    /// The update <c>Configure</c> may have set a dry-run that the schedule does not know. A restart must not enforce.
    /// </summary>
    private static ModeState? DryRunAfter(GcSettings last, GcSettings next) =>
        next.DryRun is false && last.DryRun is not false
            ? new(true, "keep-alive", DateTimeOffset.UtcNow)
            {
                Comment = "the collector was in dry-run, and its schedule enforces; run enforce to go on",
            }
            : null;
}
