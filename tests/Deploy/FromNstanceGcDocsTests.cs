using System.Text.RegularExpressions;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>docs/from-nstance-gc.md maps every symbol of nstance's package to types that exist here.</summary>
public sealed partial class FromNstanceGcDocsTests
{
    /// <summary>The exported symbols of the package, from its documentation.</summary>
    private static readonly string[] Symbols =
    [
        "DefaultDeletedRecordRetention", "InstanceGarbageCollector", "NewInstanceGarbageCollector",
        "CheckInstanceHealth", "CleanupDeletedInstanceRecords", "RunGarbageCollection", "SetReconciler", "Reconciler",
        "Runner", "NewRunner", "SetIsLeaderFunc",
    ];

    private static readonly string[][] Rows =
    [
        .. File.ReadAllLines(Repository.File("docs/from-nstance-gc.md"))
            .SkipWhile(line => line != "## Symbols").TakeWhile(line => line != "## Settings")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Trim('|', ' ').Split(" | ")),
    ];

    [Fact]
    public void Symbols_OfThePackage_AreAllInTheTable() =>
        Assert.Superset(Symbols.ToHashSet(), Rows.Select(cells => cells[0].Trim('`')).ToHashSet());

    [Fact]
    public void Types_ThatTheTableNames_Exist()
    {
        var known = new[] { typeof(GcWorkflow), typeof(Activities.GcActivities), typeof(GcOptions) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods().Select(method => method.Name).Append(type.Name))
            .ToHashSet();
        var named = Rows.SelectMany(cells => TypeName().Matches(cells[^1]))
            .Select(match => match.Groups["name"].Value).ToList();

        Assert.True(named.Count >= 20, $"only {named.Count}");
        Assert.Empty(named.Except(known));
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeName();
}
