using System.Text;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The golden shard under the default limits: what exceeds them, and what is terminated.</summary>
public sealed class DefaultLimitsTests
{
    private const string File = "shard-1-default-limits.txt";

    [Fact]
    public async Task Cycle_GoldenShardWithDefaultLimits_DoesExactlyWhatTheFileSays()
    {
        var text = await CycleAsync("default limits", new())
            + await CycleAsync("half the shard's share", new() { ShardPercent = 5 });

        // Beside the expected one, so that an intended change is a copy of a file.
        var expected = Path.Combine(AppContext.BaseDirectory, "Fixtures", File);
        await System.IO.File.WriteAllTextAsync(expected + ".actual", text);
        Assert.Equal(await System.IO.File.ReadAllTextAsync(expected), text);
    }

    private static async Task<string> CycleAsync(string title, TerminationLimits limits)
    {
        using var shard = new Shard1();
        var activities = shard.Activities();
        await activities.AcquireShardAsync(new(shard.Shard, shard.AsOf));
        var input = shard.Input with { Limits = limits, Cycle = 1 };
        await activities.SyncProviderAsync(input);
        return Tell(title, shard, await activities.CollectAsync(input));
    }

    private static string Tell(string title, Shard1 shard, CollectResult result)
    {
        var text = new StringBuilder($"== {title}\n");
        foreach (var (name, c) in result.Counts.Select(c => (Reasons.Of(c.Reason).Word, c)))
        {
            text.Append($"{name}: {c.Candidates} candidates, {c.Terminated} terminated, {c.AlreadyGone} already gone, ")
                .Append($"{c.Skipped} skipped, {c.Failed} failed, {c.OverLimit} over the limit\n");
        }

        foreach (var exceeded in result.Plan?.Exceeded ?? []) text.Append($"limit: {exceeded}\n");
        text.Append($"plan: {result.Plan?.Instances ?? 0} instances\n");
        var entries = shard.Audit.Entries.OrderBy(e => e.Reason, StringComparer.Ordinal)
            .ThenBy(e => e.Instance, StringComparer.Ordinal).ThenBy(e => e.Action, StringComparer.Ordinal);
        foreach (var e in entries)
            text.Append($"{e.Reason} {e.Instance} {e.ProviderId} {e.Action}: {e.Why}\n");
        return text.ToString();
    }
}
