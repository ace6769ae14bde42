using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Activities;
using Temporalio.Api.Common.V1;
using Temporalio.Converters;
using Temporalio.Worker.Interceptors;

namespace Nstance.Temporal.Activities;

/// <summary>Adds to every activity a span under the cycle's, and a log scope with cluster, shard and cycle.</summary>
/// <param name="loggers">Its scopes reach every logger of the host.</param>
public sealed class ActivityTelemetry(ILoggerFactory loggers) : IWorkerInterceptor
{
    private readonly ILogger _logger = loggers.CreateLogger("Nstance.Temporal.Activities");

    /// <inheritdoc/>
    public ActivityInboundInterceptor InterceptActivity(ActivityInboundInterceptor nextInterceptor) =>
        new Inbound(nextInterceptor, _logger);

    private sealed class Inbound(ActivityInboundInterceptor next, ILogger logger) : ActivityInboundInterceptor(next)
    {
        public override async Task<object?> ExecuteActivityAsync(ExecuteActivityInput input)
        {
            var info = ActivityExecutionContext.Current.Info;
            var name = input.Activity.Name ?? "";
            var attempt = info.Attempt;
            var (shard, cycle) = Subject(input.Args);
            using var scope = shard is null ? null : logger.Scope(shard, cycle);
            using var span = GcMeter.Source.StartActivity(name, ActivityKind.Consumer, Parent(input.Headers));
            span?.SetTag("nstance.cluster", shard?.Cluster)
                .SetTag("nstance.shard", shard?.Shard)
                .SetTag("nstance.cycle", cycle)
                .SetTag("temporal.attempt", attempt)
                .SetTag("temporal.workflow_id", info.WorkflowId);
            var began = Stopwatch.GetTimestamp();
            try
            {
                var result = await Next.ExecuteActivityAsync(input);
                logger.Done(name, attempt, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                return result;
            }
            catch (Exception e)
            {
                span?.SetStatus(ActivityStatusCode.Error, e.Message);
                logger.Failed(name, attempt, e.Message);
                throw;
            }
        }

        private static (ShardRef? Shard, int? Cycle) Subject(object?[] args) => args is [var first, ..]
            ? first switch
            {
                PhaseInput phase => (phase.Shard, phase.Cycle),
                AcquireShardInput acquire => (acquire.Shard, null),
                CheckInstancesInput check => (check.Shard, null),
                Notification notification => (notification.Shard, null),
                GcInput collector => (collector.Shard, null),
                _ => (null, null),
            }
            : (null, null);

        private static ActivityContext Parent(IReadOnlyDictionary<string, Payload>? headers) =>
            headers?.GetValueOrDefault(CycleTrace.Header) is { } payload
            && DataConverter.Default.PayloadConverter.ToValue<string>(payload) is var text
            && ActivityContext.TryParse(text, null, isRemote: true, out var parent)
                ? parent
                : default;
    }
}
