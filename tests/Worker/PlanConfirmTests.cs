using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>On a terminal an approval asks first, with the counts by reason and group.</summary>
public sealed class PlanConfirmTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly CollectPlan Plan = new(new string('a', 64), new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), 14)
    {
        Parts = [new(CollectReason.Dangling, "acme/web", 14)],
    };

    [Theory]
    [InlineData("y", ExitCode.Done)]
    [InlineData("YES", ExitCode.Done)]
    [InlineData("", ExitCode.Refused)]
    [InlineData("n", ExitCode.Refused)]
    [InlineData(null, ExitCode.Refused)]
    public async Task Approve_OnATerminal_DoesWhatThePersonAnswers(string? answer, int code)
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Gc.Collects = input => input.Plans is null ? new() { Plan = Plan } : new() { Pending = new(Plan.Hash) };
        var collector = await stage.StartAsync(new() { DryRun = false, Interval = TimeSpan.FromHours(1) });
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        var error = new StringWriter();
        var line = NstanceGc.Line(new StringWriter(), error, answer: () => answer);
        string[] args =
        [
            "plan", "approve", Plan.Id, "--comment", "emptied", "--by", "ann",
            "--cluster", stage.Shard.Cluster, "--shard", stage.Shard.Shard,
            "--address", stage.Client.Connection.Options.TargetHost!, "--namespace", stage.Client.Options.Namespace,
        ];

        var ended = await line.InvokeAsync(args, TestContext.Current.CancellationToken);
        Assert.True(code == ended, $"{ended}: {error}");
        Assert.Contains("dangling acme/web: 14", error.ToString(), StringComparison.Ordinal);
        var status = await collector.QueryAsync(w => w.Status());
        Assert.Equal(code != ExitCode.Done, status.Pending is not null);
    }
}
