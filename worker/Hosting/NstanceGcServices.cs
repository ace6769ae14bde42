using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Extensions.Hosting;

namespace Nstance.Temporal.Worker;

/// <summary>The composition root: the collector's workers in any host.</summary>
public static class NstanceGcServices
{
    /// <summary>
    /// Adds two workers: one on the shared queue (<see cref="Names.TaskQueue"/>) with the workflows and what any host may do,
    /// one on the queue of this host with what needs its database. The host must also hold an
    /// <c>ITemporalClient</c>, connected, on the process's one runtime.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="options">The settings; they are validated when the host starts.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddNstanceGc(this IServiceCollection services, GcOptions options)
    {
        services.AddSingleton<IValidateOptions<GcOptions>, GcOptionsValidator>();
        services.AddSingleton(Options.Create(options));
        services.AddOptions<GcOptions>().ValidateOnStart();

        // Workers get their time to drain, and the host a little more.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + TimeSpan.FromSeconds(10));
        services.AddHostedTemporalWorker(Names.TaskQueue)
            .ConfigureOptions(worker => Configure(worker, options));
        services.AddHostedTemporalWorker(Names.HostTaskQueue(options.HostName))
            .ConfigureOptions(worker => Configure(worker, options));
        return services;
    }

    private static void Configure(TemporalWorkerServiceOptions worker, GcOptions options)
    {
        worker.MaxConcurrentActivities = options.MaxConcurrentActivities;
        worker.GracefulShutdownTimeout = options.ShutdownTimeout;
    }
}
