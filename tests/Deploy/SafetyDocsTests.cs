using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>The tables of docs/safety.md match the code: every reason, guard, limit and wait.</summary>
public sealed partial class SafetyDocsTests
{
    private static readonly string Text = File.ReadAllText(Repository.File("docs/safety.md"));

    [Fact]
    public void Reasons_TableOfTheDocs_HasEveryReasonInOrderAndItsGuard() => Assert.Equal(
        Reasons.All.Select(reason => (reason.Word, reason.NeedsAgents ? "yes" : "no")),
        Rows("Reasons").Select(cells => (Word: Name(cells[0]), cells[^1])));

    [Fact]
    public void Reasons_TableOfTheDocs_SaysWhichReasonsTerminate() => Assert.Equal(
        Reasons.All.Select(r => r.Id is not (CollectReason.StalePreInsert or CollectReason.MachineLost)),
        Rows("Reasons").Select(cells => cells[3] == "terminate"));

    [Fact]
    public void Guards_TableOfTheDocs_HasEveryGuard() => Assert.Equal(
        Guards.All,
        Rows("Guards").Select(cells => Name(cells[0])));

    [Fact]
    public void GracePeriod_TablesOfTheDocs_NameEveryReasonOnce() => Assert.Equal(
        Reasons.All.Select(reason => reason.Word).Order(StringComparer.Ordinal),
        Rows("Grace period").SelectMany(cells => Code().Matches(cells[0])).Select(m => m.Groups["name"].Value)
            .Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("group")]
    [InlineData("shard")]
    public void Limits_TableOfTheDocs_HasTheDefaults(string scope)
    {
        var limits = new TerminationLimits();
        var allowed = scope == "group" ? $"{limits.GroupFloor}, or {limits.GroupPercent}"
            : $"{limits.ShardFloor}, or {limits.ShardPercent}";
        Assert.Equal(
            $"{allowed} % of the {scope}'s instances if that is more",
            Rows("Limits").Single(cells => cells[0] == scope)[1]);
    }

    [Fact]
    public void Numbers_OfTheDocs_AreThoseOfTheRules()
    {
        Assert.Equal(2, SafetyGuard.MaxClockDifference.TotalMinutes);
        Assert.Contains("differ by more than 2 minutes", Text);
        Assert.Contains($"more than {HealthRules.MaxPlausible} and at least half of the registered agents", Text);
        Assert.Contains($"older than {CollectPhase.MaxAge.TotalSeconds} s after three attempts", Text);
        Assert.Contains($"terminates it {QuarantineRules.WaitWhenOff.TotalHours} hours after the tag", Text);
        Assert.Equal((3, 3), (Deadlines.MissedReports, GraceRules.MaxRenewals));
        Assert.Contains("three health intervals", Text);
        Assert.Contains("three cycles in a row", Text);
    }

    /// <summary>Cells of each row of the tables in a section, without their heads.</summary>
    private static IEnumerable<string[]> Rows(string section)
    {
        var lines = Text.Split('\n').SkipWhile(line => line != $"## {section}").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(lines);
        return lines
            .Where((line, i) => line.StartsWith('|') && !IsRule(line) && !IsRule(lines.ElementAtOrDefault(i + 1)))
            .Select(line => line.Trim('|', ' ').Split(" | "));
    }

    private static bool IsRule(string? line) => line?.StartsWith("|---", StringComparison.Ordinal) is true;

    private static string Name(string cell) => cell.Trim('`');

    [GeneratedRegex("`(?<name>[a-z-]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
