using NetArchTest.Rules;
using Nstance.Temporal.Activities;

namespace Nstance.Temporal.Tests.Architecture;

/// <summary>In activities/ a folder uses only folders below it.</summary>
public sealed class ActivityFoldersTests
{
    private const string Root = "Nstance.Temporal.Activities";

    /// <summary>From top to bottom; folders of one layer do not use each other.</summary>
    private static readonly string[][] Layers =
    [
        ["Acquire", "Sync", "Collect", "Health", "Purge", "Reconcile", "KeepAlive"],
        ["Records", "Audit"],
        ["Aws", "Database"],
        ["Rules"],
        ["Ports"],
        ["Telemetry"],
        ["Domain"],
    ];

    public static TheoryData<string> Folders() => [.. Layers.SelectMany(layer => layer)];

    [Fact]
    public void Folders_OfActivities_AllHaveALayer() => Assert.Equal(
        Folders().Select(row => row.Data).Order(StringComparer.Ordinal),
        Sources.Of("activities").Select(Sources.FolderOf).Where(folder => folder.Length > 0)
            .Distinct().Order(StringComparer.Ordinal));

    /// <summary>The compiled types: finds uses without a <c>using</c>, also of types in the root.</summary>
    [Theory]
    [MemberData(nameof(Folders))]
    public void Types_OfFolder_DependOnFoldersBelowOnly(string folder)
    {
        var assembly = typeof(GcActivities).Assembly;
        var inRoot = assembly.GetTypes()
            .Where(type => type.Namespace == Root && !type.IsNested).Select(type => type.FullName!);
        var result = Types.InAssembly(assembly).That().ResideInNamespace($"{Root}.{folder}")
            .Should().NotHaveDependencyOnAny([.. NotBelow(folder).Select(other => $"{Root}.{other}"), .. inRoot])
            .GetResult();
        Sources.AssertNone(result.FailingTypes.Select(type => $"{type.FullName}: {type.Explanation}"));
    }

    /// <summary>The sources: constants and documentation leave no trace in the compiled types.</summary>
    [Theory]
    [MemberData(nameof(Folders))]
    public void Usings_OfFolder_NameFoldersBelowOnly(string folder)
    {
        var forbidden = NotBelow(folder).Select(other => $"using {Root}.{other};").ToHashSet(StringComparer.Ordinal);
        Sources.AssertNone(Sources.Of("activities").Where(file => Sources.FolderOf(file) == folder)
            .SelectMany(file => File.ReadLines(file).Where(forbidden.Contains).Select(line => $"{file}: {line}")));
    }

    private static IEnumerable<string> NotBelow(string folder)
    {
        var own = Array.FindIndex(Layers, layer => layer.Contains(folder));
        return Layers.Take(own + 1).SelectMany(layer => layer).Where(other => other != folder);
    }
}
