using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Worker processes that share a host name.</summary>
public sealed class OneWorkerForHostTests : LoopbackShard
{
    private const string HostQueue = "nstance-gc@test-host";

    [Fact]
    public async Task Run_AnotherWorkerHasTheHostName_EndsAndNamesIt()
    {
        await using var first = Start();
        await PollsAsync(first);

        await using var second = Start();
        var end = await second.EndAsync(Token);

        Assert.Equal((ExitCode.BadInput, ""), (end.Code, end.Output));
        var line = Assert.Single(
            end.Errors, line => line.StartsWith("nstance-gc: another worker has", StringComparison.Ordinal));
        Assert.Contains($"host name test-host: {first.Id}@", line, StringComparison.Ordinal);
        Assert.EndsWith($" polls {HostQueue}. Stop that process, or give this worker another --host-name", line);
    }

    [Fact]
    public async Task Run_WorkerWasKilledJustNow_NextOneStartsAtOnce()
    {
        await using var first = Start();
        await PollsAsync(first);
        await first.SignalAsync("KILL", Token);
        await first.EndAsync(Token);

        await using var second = Start();
        await PollsAsync(second);
        await second.SignalAsync("TERM", Token);

        var end = await second.EndAsync(Token);
        Assert.Equal(ExitCode.Done, end.Code);
        Assert.DoesNotContain(end.Errors, line => line.Contains("a short time ago"));
    }

    private WorkerProcess Start() => WorkerProcess.Start(WorkerProcess.Environment(Server, key: null), "run");

    private async Task PollsAsync(WorkerProcess process) => await TestEnvironments.EventuallyAsync(
        () => Server.Client.Connection.WorkflowService.DescribeTaskQueueAsync(new()
        {
            Namespace = Server.Namespace,
            TaskQueue = new() { Name = HostQueue },
            TaskQueueType = TaskQueueType.Activity,
        }),
        answer => answer.Pollers.Any(poller =>
            poller.Identity.StartsWith($"{process.Id}@", StringComparison.Ordinal)));
}
