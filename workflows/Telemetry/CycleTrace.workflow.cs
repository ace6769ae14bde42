using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Temporalio.Api.Common.V1;
using Temporalio.Converters;
using Temporalio.Worker.Interceptors;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Telemetry;

/// <summary>
/// One trace for each cycle. Its ids follow from the collector's first run and the number of the cycle. A replay on any
/// host therefore passes the same parent to every activity, and the workflow's state holds no ids.
/// </summary>
public static class CycleTrace
{
    /// <summary>Name of the source of spans; that of the activities and of the meter too.</summary>
    public const string SourceName = "Nstance.Gc";

    /// <summary>Header of an activity that carries the parent; its value is that of W3C's <c>traceparent</c>.</summary>
    public const string Header = "traceparent";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly AsyncLocal<ActivityContext> Under = new();

    /// <summary>The cycle's span, as activities see it; null outside of a cycle.</summary>
    internal static string? Parent =>
        Under.Value.TraceId == default ? null : $"00-{Under.Value.TraceId}-{Under.Value.SpanId}-01";

    /// <summary>Until the caller comes back, activities belong to this cycle.</summary>
    internal static ActivityContext Begin(int cycle)
    {
        var ids = SHA256.HashData(Encoding.UTF8.GetBytes($"{Workflow.Info.FirstExecutionRunId}/{cycle}"));
        return Under.Value = new(
            ActivityTraceId.CreateFromBytes(ids.AsSpan(0, 16)),
            ActivitySpanId.CreateFromBytes(ids.AsSpan(16, 8)),
            ActivityTraceFlags.Recorded);
    }

    /// <summary>Reports the cycle's own span. A replay reports nothing.</summary>
    internal static void End(ShardRef shard, ActivityContext context, CycleReport report)
    {
        if (Workflow.Unsafe.IsReplaying) return;
        var root = new ActivityContext(context.TraceId, default, ActivityTraceFlags.Recorded);
        using var span = Source.StartActivity(
            ActivityKind.Internal, root, startTime: report.StartedAt, name: $"cycle {shard.Cluster}/{shard.Shard}");
        if (span is null) return;
        TakeId(span, context.SpanId.ToHexString());
        span.SetTag("nstance.cluster", shard.Cluster)
            .SetTag("nstance.shard", shard.Shard)
            .SetTag("nstance.cycle", report.Cycle)
            .SetTag("nstance.outcome", report.Outcome.ToString().ToLowerInvariant())
            .SetTag("nstance.dry_run", report.DryRun)
            .SetTag("nstance.host", report.Host)
            .SetTag("temporal.workflow_id", Workflow.Info.WorkflowId)
            .SetTag("temporal.run_id", Workflow.Info.RunId);
        if (report.Outcome is CycleOutcome.Partial or CycleOutcome.Failed)
            span.SetStatus(ActivityStatusCode.Error, report.Problems is [var problem, ..] ? problem : null);
        span.SetEndTime(report.EndedAt.UtcDateTime);
    }

    // The framework draws span ids at random, but the children carry this id before the span is reported. A test checks
    // that the field still exists.
    private static void TakeId(Activity span, string id)
    {
        try
        {
            SpanId(span) = id;
        }
        catch (MissingFieldException)
        {
            // Another framework: the span then stands beside its children. That must not fail a workflow task.
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? SpanId(Activity activity);
}

/// <summary>Hands the trace of a cycle to its activities. A replay does not compare headers.</summary>
public sealed class CycleTracing : IWorkerInterceptor
{
    /// <inheritdoc/>
    public WorkflowInboundInterceptor InterceptWorkflow(WorkflowInboundInterceptor nextInterceptor) =>
        new Inbound(nextInterceptor);

    private sealed class Inbound(WorkflowInboundInterceptor next) : WorkflowInboundInterceptor(next)
    {
        public override void Init(WorkflowOutboundInterceptor outbound) => base.Init(new Outbound(outbound));
    }

    private sealed class Outbound(WorkflowOutboundInterceptor next) : WorkflowOutboundInterceptor(next)
    {
        public override Task<TResult> ScheduleActivityAsync<TResult>(ScheduleActivityInput input)
        {
            if (CycleTrace.Parent is not { } parent) return base.ScheduleActivityAsync<TResult>(input);
            var headers = input.Headers is null ? [] : new Dictionary<string, Payload>(input.Headers);
            // Not the workflow's own converter: that one may encrypt, and every worker must be able to read a trace.
            headers[CycleTrace.Header] = DataConverter.Default.PayloadConverter.ToPayload(parent);
            return base.ScheduleActivityAsync<TResult>(input with { Headers = headers });
        }
    }
}
