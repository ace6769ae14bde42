using System.Collections.Concurrent;
using System.Diagnostics;
using Amazon.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The collector as a library in a .NET host: its cycles, traces and logs.</summary>
public sealed class LibraryTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-gc-library-");
    private readonly ScopedLog _log = new();
    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ActivityListener _listener;
    private CommandServer _server = null!;
    private SimulatedCloud _cloud = null!;

    public LibraryTests() => _listener = new()
    {
        ShouldListenTo = source => source.Name == GcMeter.Name,
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        ActivityStopped = _spans.Enqueue,
    };

    public async ValueTask InitializeAsync()
    {
        _server = await CommandServer.StartAsync();
        _cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bbb"], AccessKeys = ["key"] });
        _cloud.S3.Put(
            "bbb",
            "shard/lib/config.jsonc",
            """{ "cluster": { "id": "lib" }, "shard": { "id": "lib" } }"""u8.ToArray());
        ActivitySource.AddActivityListener(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _cloud.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task AddNstanceGc_InAnyHost_CollectsWithOneTraceForEachCycle()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddProvider(_log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddTemporalClient(_server.TargetHost, _server.Namespace);
        builder.Services.AddSingleton(new AwsSettings
        {
            Region = "us-west-2",
            Ec2Endpoint = _cloud.Ec2Url,
            S3Endpoint = _cloud.S3Url,
            Credentials = new BasicAWSCredentials("key", "secret"),
        });
        builder.Services.AddNstanceGc(new GcOptions { HostName = "my-host", DataDirectory = _folder.FullName });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var client = _server.Client;
        await SearchAttributes.EnsureAsync(client, new());
        await CollectorStart.EnsureRunsAsync(
            client, new(new("lib", "lib", "bbb")) { Settings = new() { Interval = TimeSpan.FromHours(1) } });

        var handle = client.GetWorkflowHandle<GcWorkflow>("nstance-gc/lib/lib");
        var report = await handle.ExecuteUpdateAsync(workflow => workflow.RunCycleAsync(new(false)));
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal("my-host", report.Host);
        var cycle = _spans.Single(s => s.OperationName == "cycle lib/lib" && s.GetTagItem("nstance.cycle") is int number
            && number == report.Cycle);
        Assert.Equal(default, cycle.ParentSpanId);
        Assert.Equal(report.StartedAt.UtcDateTime, cycle.StartTimeUtc);
        var within = _spans.Where(s => s.TraceId == cycle.TraceId && s != cycle).ToList();
        var phases = within.Where(s => s.ParentSpanId == cycle.SpanId).ToList();
        Assert.Superset(
            new HashSet<string> { "SyncProvider", "Collect", "ScanHealth", "PurgeRecords" },
            phases.Select(s => s.OperationName).ToHashSet());
        var sync = phases.Single(s => s.OperationName == "SyncProvider");
        Assert.Contains(within, s => s.OperationName == "EC2 DescribeInstances" && s.ParentSpanId == sync.SpanId);
        Assert.All(_spans.GroupBy(s => s.SpanId), same => Assert.Single(same));

        // Whatever is logged within a cycle says whose it is.
        var ended = Assert.Single(
            _log.Lines, line => line.Text.StartsWith(
                $"shard=lib/lib cycle={report.Cycle} outcome=", StringComparison.Ordinal));
        Assert.Superset(new HashSet<string> { "Cluster=lib", "Shard=lib", $"Cycle={report.Cycle}" }, ended.Scope);
        var phase = Assert.Single(
            _log.Lines,
            line => line.Text.StartsWith("Collect, attempt 1: done in", StringComparison.Ordinal)
                && line.Scope.Contains($"Cycle={report.Cycle}"));
        Assert.Superset(new HashSet<string> { "Cluster=lib", "Shard=lib" }, phase.Scope);
        Assert.Equal(2000, phase.Event);
    }

    /// <summary>Keeps each line with the fields of its scopes.</summary>
    private sealed class ScopedLog : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<(string Text, int Event, HashSet<string> Scope)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Logger(this);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }

        private sealed class Logger(ScopedLog owner) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => owner._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter)
            {
                var scope = new HashSet<string>();
                owner._scopes.ForEachScope(
                    (fields, all) => all.UnionWith(
                        (fields as IEnumerable<KeyValuePair<string, object?>> ?? []).Select(f => $"{f.Key}={f.Value}")),
                    scope);
                owner.Lines.Enqueue((formatter(state, exception), eventId.Id, scope));
            }
        }
    }
}
