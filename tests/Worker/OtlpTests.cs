using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Telemetry to the collector that the standard variables of OpenTelemetry name.</summary>
public sealed class OtlpTests : LoopbackShard
{
    [Fact]
    public async Task Run_CollectorIsNamed_GetsTheCyclesTraceAndMetricsAndNoSecret()
    {
        var received = new Received();
        await using var collector = await LoopbackServer.StartAsync(received.TakeAsync, ct: Token);
        var init = await SteerAsync("init --cluster c --shard s --bucket bbb --interval 1h --skip-checks");
        Assert.Equal(ExitCode.Done, init.Code);
        var environment = WorkerProcess.Environment(Server, Cloud);
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.ToString();
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        environment["OTEL_METRIC_EXPORT_INTERVAL"] = environment["OTEL_BSP_SCHEDULE_DELAY"] = "100";

        await using var worker = WorkerProcess.Start(
            environment, "run", "--cluster", "c", "--shard", "s", "--bucket", "bbb");

        await received.HasAsync("/v1/traces", "cycle c/s", Token);
        await received.HasAsync("/v1/metrics", "nstance.gc.cycles", Token);
        Assert.DoesNotContain("very-secret", received.All, StringComparison.Ordinal);
    }

    /// <summary>The requests so far, and a way to wait for more.</summary>
    private sealed class Received
    {
        private readonly Channel<(string Path, string Body)> _arrived = Channel.CreateUnbounded<(string, string)>();
        private readonly List<(string Path, string Body)> _read = [];

        public string All => string.Concat(_read.Select(one => one.Body));

        public async Task TakeAsync(HttpContext http)
        {
            // Protobuf keeps strings as they are.
            using var reader = new StreamReader(http.Request.Body, Encoding.Latin1);
            await _arrived.Writer.WriteAsync(
                (http.Request.Path.Value!, await reader.ReadToEndAsync(http.RequestAborted)));
        }

        public async Task HasAsync(string path, string text, CancellationToken token)
        {
            while (!_read.Exists(one => one.Path == path && one.Body.Contains(text, StringComparison.Ordinal)))
                _read.Add(await _arrived.Reader.ReadAsync(token));
        }
    }
}
