namespace Nstance.Temporal.Tests.Architecture;

/// <summary>What holds for every source file: namespace, width, length, one class for logs.</summary>
public sealed class SourceFilesTests
{
    private const int MaxColumns = 120;
    private const int MaxLines = 250;

    public static TheoryData<string> Projects() => [.. Sources.Projects.Keys];

    public static TheoryData<string> Production() => [.. Sources.Production];

    /// <summary>The consumer example of testserver/ is a program of its own, as a user would write it.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespace_OfEveryFile_IsItsFolder(string project) => Sources.AssertNone(
        from file in Sources.Of(project)
        let folder = Sources.FolderOf(file)
        where !folder.StartsWith("consumer", StringComparison.Ordinal)
        let expected = $"{Sources.Projects[project]}.{folder.Replace('/', '.')}".TrimEnd('.')
        from line in File.ReadLines(file)
        where line.StartsWith("namespace ", StringComparison.Ordinal) && line != $"namespace {expected};"
        select $"{Sources.Relative(file)}: {line}; expected {expected}");

    [Theory]
    [MemberData(nameof(Projects))]
    public void Lines_OfEveryFile_HaveAtMost120Characters(string project) => Sources.AssertNone(
        from file in Sources.Of(project)
        from line in File.ReadLines(file).Index()
        where line.Item.Length > MaxColumns
        select $"{Sources.Relative(file)}:{line.Index + 1}: {line.Item.Length} characters");

    [Theory]
    [MemberData(nameof(Production))]
    public void Files_OfProduction_HaveAtMost250Lines(string project) => Sources.AssertNone(
        from file in Sources.Of(project)
        let lines = File.ReadLines(file).Count()
        where lines > MaxLines
        select $"{Sources.Relative(file)}: {lines} lines");

    /// <summary>A key that other code builds would lack nstance's prefix.</summary>
    [Theory]
    [MemberData(nameof(Production))]
    public void KeysOfTheBucket_AreMadeByShardKeysAlone(string project) => Sources.AssertNone(
        from file in Sources.Of(project)
        where Path.GetFileName(file) != "ShardKeys.cs"
        from line in File.ReadLines(file)
        where line.Contains("$\"shard/", StringComparison.Ordinal)
            || line.Contains("\"shard/\"", StringComparison.Ordinal)
        select $"{Sources.Relative(file)}: {line.Trim()}");

    [Theory]
    [MemberData(nameof(Production))]
    public void LoggerMessages_OfProject_StandInOneLogsFile(string project) => Assert.Equal(
        [$"{project}/Logs.cs"],
        Sources.Of(project)
            .Where(file => Path.GetFileName(file) == "Logs.cs"
                || File.ReadAllText(file).Contains("LoggerMessage", StringComparison.Ordinal))
            .Select(Sources.Relative));
}
