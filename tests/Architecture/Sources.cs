using System.Runtime.CompilerServices;

namespace Nstance.Temporal.Tests.Architecture;

/// <summary>The source files of the repository.</summary>
internal static class Sources
{
    private const int MaxShown = 20;

    public static string Root { get; } = FindRoot();

    /// <summary>Projects that a release ships.</summary>
    public static string[] Production { get; } = ["workflows", "activities", "worker"];

    /// <summary>Root namespace by project.</summary>
    public static IReadOnlyDictionary<string, string> Projects { get; } = new Dictionary<string, string>
    {
        ["workflows"] = "Nstance.Temporal.Workflows",
        ["activities"] = "Nstance.Temporal.Activities",
        ["worker"] = "Nstance.Temporal.Worker",
        ["tests"] = "Nstance.Temporal.Tests",
        ["simulation"] = "Nstance.Temporal.Simulation",
        ["benchmarks"] = "Nstance.Temporal.Benchmarks",
        ["testserver"] = "Nstance.Temporal.TestServer",
    };

    /// <summary>The .cs files of a project, without what the build writes.</summary>
    public static IEnumerable<string> Of(string project) =>
        Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => part is "obj" or "bin"))
            .Order(StringComparer.Ordinal);

    /// <summary>Path from the repository's root, with slashes.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    /// <summary>Folder within the project; empty for the project's own.</summary>
    public static string FolderOf(string file) => string.Join('/', Relative(file).Split('/')[1..^1]);

    /// <summary>Fails with the number of offenders and the first of them.</summary>
    public static void AssertNone(IEnumerable<string> offenders)
    {
        var all = offenders.ToList();
        Assert.True(all.Count == 0, $"{all.Count} found:\n{string.Join('\n', all.Take(MaxShown))}");
    }

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(here, "..", "..", ".."));
}
