using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Converters;
using Temporalio.Extensions.Hosting;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The composition root: the collector's workers in any host.</summary>
public static class NstanceGcServices
{
    /// <summary>The SDK's own default for workflow tasks at a time.</summary>
    private const int DefaultWorkflowTasks = 100;

    /// <summary>What the host adds to the workers' time to stop.</summary>
    private static readonly TimeSpan MaxStopping = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds two workers. The one on the shared queue (<see cref="Names.TaskQueue"/>) runs the workflows and the
    /// activities of any host. The one on this host's queue runs the activities that need its database. The host must
    /// also hold a connected <c>ITemporalClient</c> on the process's one runtime. An <see cref="AwsSettings"/> among
    /// the services says how to reach AWS; without one, AWS's own chain does. The host does not start while another
    /// worker polls with the same host name. The client must use <see cref="PayloadJson.Converter"/>. A client of the
    /// SDK's own <c>AddTemporalClient</c> gets it here.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">The settings.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="OptionsValidationException">A setting is invalid.</exception>
    public static IServiceCollection AddNstanceGc(this IServiceCollection services, GcOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = OptionRules.Faults(options);
        if (faults.Count > 0)
        {
            throw new OptionsValidationException(
                "", typeof(GcOptions), faults.Select(fault => $"{fault.Name}: {fault.Message}"));
        }

        services.AddSingleton(options);
        services.PostConfigureAll<TemporalClientConnectOptions>(client =>
        {
            if (client.DataConverter == DataConverter.Default) client.DataConverter = PayloadJson.Converter;
        });
        services.AddHostedService<OneWorkerForHost>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + MaxStopping);

        services.AddSingleton(Databases(options));
        services.AddSingleton(provider => new AwsConnections(
            (provider.GetService<AwsSettings>() ?? new()) with { Ec2RatePercent = options.Ec2RatePercent },
            Notice(provider.GetRequiredService<ILoggerFactory>().CreateLogger("Nstance.Temporal.Aws"))));
        services.AddSingleton<GcActivities>();
        services.AddSingleton<KeepAliveActivities>();
        services.AddSingleton(provider => Reconciler(provider, options));
        AddSharedQueue(services, options);
        AddHostQueue(services, options);
        return services;
    }

    private static Action<string> Notice(ILogger log) => what => Logs.EndpointNotice(log, what);

    private static void AddSharedQueue(IServiceCollection services, GcOptions options) =>
        services.AddHostedTemporalWorker(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>()
            .AddWorkflow<KeepAliveWorkflow>()
            .AddWorkflow<ReconcilerWorkflow>()
            .ConfigureOptions()
            .Configure<GcActivities, KeepAliveActivities, ReconcilerActivities, ILoggerFactory>(
                (worker, gc, keepAlive, reconciler, loggers) =>
                {
                    Limit(worker, options, loggers);
                    worker.AddActivity(gc.AcquireShardAsync)
                        .AddActivity(keepAlive.EnsureCollectorRunsAsync)
                        .AddActivity(keepAlive.ListSearchAttributesAsync)
                        .AddActivity(reconciler.NotifyAsync);
                });

    private static void AddHostQueue(IServiceCollection services, GcOptions options) =>
        services.AddHostedTemporalWorker(Names.HostTaskQueue(options.HostName))
            .ConfigureOptions()
            .Configure<GcActivities, ReconcilerActivities, ILoggerFactory>((worker, gc, reconciler, loggers) =>
            {
                Limit(worker, options, loggers);
                worker.AddActivity(gc.SyncProviderAsync)
                    .AddActivity(gc.CollectAsync)
                    .AddActivity(gc.ScanHealthAsync)
                    .AddActivity(gc.PurgeRecordsAsync)
                    .AddActivity(reconciler.CheckInstancesAsync);
            });

    private static void Limit(TemporalWorkerServiceOptions worker, GcOptions options, ILoggerFactory loggers)
    {
        worker.Interceptors = [.. worker.Interceptors ?? [], new CycleTracing(), new ActivityTelemetry(loggers)];

        // Else workflows log to the factory of the client, which was made before the host and leads nowhere.
        worker.LoggerFactory = loggers;
        worker.MaxConcurrentActivities = options.MaxConcurrentActivities;
        worker.MaxConcurrentActivityTaskPolls = options.Pollers;
        worker.MaxConcurrentWorkflowTaskPolls = options.Pollers;
        worker.MaxCachedWorkflows = options.MaxCachedWorkflows;

        // A task that waits for room in a full cache may time out, and the server sends it again. The SDK's core then
        // holds two and can hang (testserver/README.md, "Known faults of the SDK").
        worker.MaxConcurrentWorkflowTasks = Math.Min(DefaultWorkflowTasks, options.MaxCachedWorkflows);

        // Activities detect a cancellation with a heartbeat. The SDK's own throttle is 80 % of the heartbeat timeout.
        worker.MaxHeartbeatThrottleInterval = PhaseHeartbeat.Interval;
        worker.DefaultHeartbeatThrottleInterval = PhaseHeartbeat.Interval;

        // The SDK's default of zero would cut activities off at once; the host waits a little longer than this.
        worker.GracefulShutdownTimeout = options.ShutdownTimeout;
    }

    private static ShardDatabases Databases(GcOptions options) => new()
    {
        HostName = options.HostName,
        DataDirectory = options.DataDirectory,
        NstanceServerId = options.NstanceServerId,
        NamedShard = options.ShardRef,

        // By name: this host may also serve other shards, which must not use that database.
        SharedDatabasePaths = options.SharedDatabasePath is { } path
            ? new Dictionary<string, string> { [$"{options.Cluster}/{options.Shard}"] = path }
            : new Dictionary<string, string>(),
    };

    private static ReconcilerActivities Reconciler(IServiceProvider provider, GcOptions options) =>
        provider.GetRequiredService<GcActivities>().CreateReconciler(
            options.WebhookUrl is { } url ? new(new(url)) { Secret = Secret(options.WebhookSecretFile) } : null,
            TimeProvider.System,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Nstance.Temporal.Reconciling"));

    /// <summary>Returns the secret without the line end that editors add.</summary>
    private static byte[]? Secret(string? file) =>
        file is null ? null : Encoding.UTF8.GetBytes(File.ReadAllText(file).TrimEnd('\r', '\n'));
}
