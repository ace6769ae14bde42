using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Extensions.Hosting;
using Temporalio.Worker.Interceptors;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The composition root: the collector's workers in any host.</summary>
public static class NstanceGcServices
{
    /// <summary>
    /// Adds two workers: one on the shared queue (<see cref="Names.TaskQueue"/>) with the workflows and what any host may do,
    /// one on the queue of this host with what needs its database. The host must also hold an
    /// <c>ITemporalClient</c>, connected, on the process's one runtime; an <see cref="AwsSettings"/> among the services says how AWS is reached,
    /// without one AWS's own chain does.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="options">The settings; they are validated when the host starts.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddNstanceGc(this IServiceCollection services, GcOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton<IValidateOptions<GcOptions>, GcOptionsValidator>();
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options));
        services.AddHostedService<ValidateFirst>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + TimeSpan.FromSeconds(10));

        services.AddSingleton(Databases(options));
        services.AddSingleton(provider => new AwsConnections(
            (provider.GetService<AwsSettings>() ?? new()) with { Ec2RatePercent = options.Ec2RatePercent }));
        services.AddSingleton<GcActivities>();
        services.AddSingleton<KeepAliveActivities>();
        services.AddSingleton(provider => Reconciler(provider, options));
        services.AddSingleton(provider => new WorkerDependencies(provider.GetRequiredService<ILoggerFactory>()));
        AddSharedQueue(services, options);
        AddHostQueue(services, options);
        return services;
    }

    private static void AddSharedQueue(IServiceCollection services, GcOptions options) =>
        services.AddHostedTemporalWorker(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>()
            .AddWorkflow<KeepAliveWorkflow>()
            .AddWorkflow<ReconcilerWorkflow>()
            .ConfigureOptions()
            .Configure<GcActivities, KeepAliveActivities, ReconcilerActivities, WorkerDependencies>((worker, gc, keepAlive, reconciler, around) =>
            {
                Limit(worker, options, around);
                worker.AddActivity(gc.AcquireShardAsync)
                    .AddActivity(keepAlive.EnsureCollectorRunsAsync)
                    .AddActivity(reconciler.NotifyAsync);
            });

    private static void AddHostQueue(IServiceCollection services, GcOptions options) =>
        services.AddHostedTemporalWorker(Names.HostTaskQueue(options.HostName))
            .ConfigureOptions()
            .Configure<GcActivities, ReconcilerActivities, WorkerDependencies>((worker, gc, reconciler, around) =>
            {
                Limit(worker, options, around);
                worker.AddActivity(gc.SyncProviderAsync)
                    .AddActivity(gc.CollectAsync)
                    .AddActivity(gc.ScanHealthAsync)
                    .AddActivity(gc.PurgeRecordsAsync)
                    .AddActivity(reconciler.CheckInstancesAsync);
            });

    private static void Limit(TemporalWorkerServiceOptions worker, GcOptions options, WorkerDependencies around)
    {
        worker.Interceptors = [.. worker.Interceptors ?? [], .. around.Interceptors];
        // Else workflows log to the client's factory, and that of a client made before the host leads nowhere.
        worker.LoggerFactory = around.Loggers;
        worker.MaxConcurrentActivities = options.MaxConcurrentActivities;
        worker.MaxConcurrentActivityTaskPolls = options.Pollers;
        worker.MaxConcurrentWorkflowTaskPolls = options.Pollers;
        worker.MaxCachedWorkflows = options.MaxCachedWorkflows;

        // A task that waits in the SDK for room in a full cache may time out and be sent again; the SDK's core holds two then,
        // and can stand still for good (testserver/README.md, "Known of the SDK"). The default is 100.
        worker.MaxConcurrentWorkflowTasks = Math.Min(100, options.MaxCachedWorkflows);

        // The SDK's default of zero would cut activities off at once; the host waits a little longer than this.
        worker.GracefulShutdownTimeout = options.ShutdownTimeout;
    }

    private static ShardDatabases Databases(GcOptions options) => new()
    {
        HostName = options.HostName,
        DataDirectory = options.DataDirectory,

        // By name: another shard that comes to this host must never be given that database.
        SharedDatabasePaths = options.SharedDatabasePath is { } path
            ? new Dictionary<string, string> { [$"{options.Cluster}/{options.Shard}"] = path }
            : new Dictionary<string, string>(),
    };

    private static ReconcilerActivities Reconciler(IServiceProvider provider, GcOptions options) =>
        provider.GetRequiredService<GcActivities>().CreateReconciler(
            options.WebhookUrl is { } url ? new(new(url)) { Secret = Secret(options.WebhookSecretFile) } : null,
            TimeProvider.System,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Nstance.Temporal.Reconciling"));

    /// <summary>What both workers stand in.</summary>
    private sealed class WorkerDependencies(ILoggerFactory loggers)
    {
        public ILoggerFactory Loggers { get; } = loggers;

        public IReadOnlyList<IWorkerInterceptor> Interceptors { get; } = [new CycleTracing(), new ActivityTelemetry(loggers)];
    }

    /// <summary>Without the line end that every editor puts there.</summary>
    private static byte[]? Secret(string? file) =>
        file is null ? null : System.Text.Encoding.UTF8.GetBytes(File.ReadAllText(file).TrimEnd('\r', '\n'));

    /// <summary>
    /// <c>ValidateOnStart</c> looks only at options that the container makes; these are given. It runs before the workers,
    /// because hosted services start in order.
    /// </summary>
    private sealed class ValidateFirst(IOptions<GcOptions> options, IValidateOptions<GcOptions> validator) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            var result = validator.Validate(Microsoft.Extensions.Options.Options.DefaultName, options.Value);
            return result.Failed
                ? throw new OptionsValidationException(Microsoft.Extensions.Options.Options.DefaultName, typeof(GcOptions), result.Failures)
                : Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
