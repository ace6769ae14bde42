using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Temporalio.Extensions.Hosting;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The limits of a worker, as the SDK gets them.</summary>
public sealed class WorkerLimitsTests
{
    [Theory]
    [InlineData(10, 10)]
    [InlineData(100, 100)]
    [InlineData(4000, 100)]
    public void AddNstanceGc_CacheOfSomeSize_TakesNoMoreTasksThanItHolds(int cache, int tasks)
    {
        using var host = MakeHost(new() { HostName = "my-host", MaxCachedWorkflows = cache });

        Assert.All(Workers(host), worker =>
            Assert.Equal((cache, (int?)tasks), (worker.MaxCachedWorkflows, worker.MaxConcurrentWorkflowTasks)));
    }

    /// <summary>A phase detects a pause with a heartbeat.</summary>
    [Fact]
    public void AddNstanceGc_Heartbeats_AreThrottledToFiveSeconds()
    {
        using var host = MakeHost(new() { HostName = "my-host" });

        var most = TimeSpan.FromSeconds(5);
        Assert.All(Workers(host), worker => Assert.Equal(
            (most, most), (worker.MaxHeartbeatThrottleInterval, worker.DefaultHeartbeatThrottleInterval)));
    }

    /// <summary>A workflow that schedules an activity without a worker waits, or goes on without its answer.</summary>
    [Fact]
    public void AddNstanceGc_BothWorkersTogether_HaveEachActivityOnce()
    {
        using var host = MakeHost(new() { HostName = "my-host" });

        Type[] all = [typeof(IGcActivities), typeof(IKeepAliveActivities), typeof(IReconcilerActivities)];
        Assert.Equal(
            all.SelectMany(type => type.GetMethods()).Select(method => method.Name[..^"Async".Length]).Order(),
            Workers(host).SelectMany(worker => worker.Activities).Select(activity => activity.Name).Order());
    }

    private static IHost MakeHost(GcOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(new AwsSettings { Region = "us-west-2" });
        builder.Services.AddNstanceGc(options);
        return builder.Build();
    }

    private static List<TemporalWorkerServiceOptions> Workers(IHost host)
    {
        // The name that the SDK's package gives to a worker's options is its own.
        var workers = host.Services.GetRequiredService<IOptionsMonitor<TemporalWorkerServiceOptions>>();
        var names = host.Services.GetServices<IConfigureOptions<TemporalWorkerServiceOptions>>()
            .Select(each => (string?)each.GetType().GetProperty("Name")?.GetValue(each))
                .OfType<string>().Distinct().ToList();
        Assert.Equal(2, names.Count);
        return names.ConvertAll(workers.Get);
    }
}
