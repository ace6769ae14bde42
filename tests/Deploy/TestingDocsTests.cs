using System.Text.RegularExpressions;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.Tests.Worker;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>docs/testing.md names every folder of tests and every invariant; the commands of the docs exist.</summary>
public sealed partial class TestingDocsTests
{
    private static readonly string[] NotTests = ["bin", "obj", "Fixtures", "Support"];

    private static readonly string Text = File.ReadAllText(Repository.File("docs/testing.md"));

    [Fact]
    public void Folders_OfTheTests_AreAllInTheTable()
    {
        var folders = Directory.GetDirectories(Repository.File("tests")).Select(path => Path.GetFileName(path))
            .Except(NotTests).ToList();

        Assert.NotEmpty(folders);
        Assert.All(folders, name => Assert.Matches($@"\| `[^|]*\b{name}/", Text));
    }

    [Fact]
    public void Invariants_OfTheChaos_AreAllInTheTable()
    {
        var code = string.Concat(
            Directory.GetFiles(Repository.File("simulation/Chaos"), "*.cs").Select(path => File.ReadAllText(path)));
        var known = Invariant().Matches(code).Select(match => match.Groups["name"].Value).ToHashSet();

        Assert.True(known.Count >= 10, string.Join(' ', known));
        Assert.All(known, name => Assert.Contains($"| {name} |", Text));
    }

    /// <summary>The help of the simulation names each option and runs nothing.</summary>
    [Fact]
    public async Task Simulation_EveryCommandOfTheDocs_HasItsOptions()
    {
        string[] pages = ["README.md", .. Directory.GetFiles(Repository.File("docs"), "*.md")];
        var commands = pages.SelectMany(page => Command().Matches(File.ReadAllText(Repository.File(page)))).ToList();

        Assert.True(commands.Count >= 5, $"only {commands.Count}");
        foreach (var command in commands)
        {
            using var help = new StringWriter();
            string[] args = command.Groups["name"].Value is { Length: > 0 } name ? [name, "--help"] : ["--help"];
            var code = await SimulationCommand.InvokeAsync(args, help, help, TestContext.Current.CancellationToken);
            Assert.True(code == 0, $"{command.Value}: {help}");
            foreach (Match option in Option().Matches(command.Groups["options"].Value))
                Assert.Contains(option.Value, help.ToString());
        }
    }

    [GeneratedRegex(
        @"dotnet run --project simulation(?: -- (?<name>[a-z]+)?(?<options>[^`\n#]*))?(?= |`|\n)",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();

    [GeneratedRegex("--[a-z][a-z-]*", RegexOptions.None, 1000)]
    private static partial Regex Option();

    [GeneratedRegex(@"""(?<name>I\d+)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Invariant();
}
