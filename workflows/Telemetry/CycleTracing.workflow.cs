using Temporalio.Api.Common.V1;
using Temporalio.Converters;
using Temporalio.Worker.Interceptors;

namespace Nstance.Temporal.Workflows.Telemetry;

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
