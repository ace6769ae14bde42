using System.CommandLine;
using System.Text.RegularExpressions;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Worker;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>Runs every command of the docs against the shard of the docs: none may be bad input or fail.</summary>
public sealed partial class DocsCommandsTests : IAsyncLifetime
{
    private static readonly string[] Files =
        [
            "README.md",
            .. Directory.GetFiles(Repository.File("docs"), "*.md").Select(
                path => Path.GetRelativePath(Repository.Root, path)),
        ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-docs-");
    private CommandServer _server = null!;
    private SimulatedCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await CommandServer.StartAsync();
        _cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["prod-nstance"], AccessKeys = ["key"] });
        foreach (var prefix in new[] { "", "teams/eu/" })
        {
            _cloud.S3.Put(
                "prod-nstance",
                $"{prefix}shard/us-west-2a/config.jsonc",
                """{ "cluster": { "id": "prod" }, "shard": { "id": "us-west-2a" } }"""u8.ToArray());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cloud.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Blocks_EveryCommand_RunsAgainstTheShardThatTheDocsName()
    {
        var token = TestContext.Current.CancellationToken;
        var environment = WorkerProcess.Environment(_server, _cloud);
        await using var worker = WorkerProcess.Start(
            environment, "run", "--cluster", "prod", "--shard", "us-west-2a", "--bucket", "prod-nstance");
        await worker.LogUntilAsync("polls nstance-gc and", token);
        var commands = Blocks()
            .Where(c => c is not ["run", ..] && !c.Contains("--watch"))
            .DistinctBy(c => string.Join(' ', c))
            .ToList();
        Assert.True(commands.Count >= 12, $"only {commands.Count}");
        var database = Path.Combine(_folder.FullName, "nstance.db");
        new NstanceDatabase(database, NstanceGeneration.V2).Dispose();

        foreach (var command in commands.OrderBy(c => Order(c)))
        {
            // nstance's server of the docs leads, and its database is here.
            _cloud.S3.Put(
                "prod-nstance", "shard/us-west-2a/leader.json",
                LeaderFile.Alive(DateTimeOffset.UtcNow, "THE-SERVER-ID"));
            await using var process = WorkerProcess.Start(
                environment, [.. command.Select(word => word == "/var/lib/nstance/db/nstance.db" ? database : word)]);
            var end = await process.EndAsync(token);
            var shown = $"nstance-gc {string.Join(' ', command)}: {end.Code}\n{string.Join('\n', end.Errors)}";
            Assert.True(Allowed(command).Contains(end.Code), shown);
        }
    }

    [Fact]
    public void Words_EveryCommandInTheText_ExistsWithItsOptions()
    {
        var root = NstanceGc.Line(TextWriter.Null, TextWriter.Null).Root;
        foreach (var (file, text) in Inline().Concat(Blocks().Select(c => ("a block", string.Join(' ', c)))))
        {
            Command command = root;
            var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var at = 0;
            while (at < words.Length && command.Subcommands.FirstOrDefault(c => c.Name == words[at]) is { } next)
            {
                command = next;
                at++;
            }

            Assert.True(command != root, $"{file}: nstance-gc {text}");
            var options = command.Options.Concat(root.Options.Where(o => o.Recursive)).Select(o => o.Name).ToHashSet();
            Assert.Subset(
                options,
                words.Skip(at).Where(w => w.StartsWith("--", StringComparison.Ordinal) && w != "--help").ToHashSet());
        }
    }

    /// <summary>
    /// A refusal by state is allowed: the instance and the plan of the docs do not exist, and the docs set one shard up
    /// in several ways.
    /// </summary>
    private static int[] Allowed(IReadOnlyList<string> command) => command switch
    {
        ["plan", "approve" or "reject", ..] or ["release", ..] => [ExitCode.Refused],
        ["explain", ..] => [ExitCode.NotFound, ExitCode.Done],
        ["init", ..] or ["schedule", "create", ..] => [ExitCode.Done, ExitCode.Refused],
        _ => [ExitCode.Done],
    };

    // As an operator would: set up first, taken down last.
    private static int Order(IReadOnlyList<string> command) => command switch
    {
        ["init", ..] => 0,
        ["schedule", "delete", ..] => 3,
        ["pause", ..] => 1,
        ["resume", ..] => 2,
        ["schedule", ..] => 1,
        _ => 1,
    };

    private static IEnumerable<string[]> Blocks() =>
        from file in Files
        from Match block in Block().Matches(File.ReadAllText(Repository.File(file)))
        from line in block.Groups["text"].Value.Replace("\\\n", " ").Split('\n')
        let command = Prefix().Replace(Comment().Replace(line.Trim(), ""), "nstance-gc ")
        where command.StartsWith("nstance-gc ", StringComparison.Ordinal)
        select Words(command["nstance-gc ".Length..]);

    private static IEnumerable<(string File, string Text)> Inline() =>
        from file in Files
        from Match code in Code().Matches(Block().Replace(File.ReadAllText(Repository.File(file)), ""))
        select (file, code.Groups["text"].Value.Replace("…", ""));

    private static string[] Words(string line) => [.. Word().Matches(line).Select(m => m.Value.Trim('"'))];

    [GeneratedRegex("```sh\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();

    [GeneratedRegex("`nstance-gc (?<text>[^`<]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();

    [GeneratedRegex(@"^dotnet run --project worker( -c Release)? -- ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Prefix();

    [GeneratedRegex(@"\s+#.*$", RegexOptions.None, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex("\"[^\"]*\"|\\S+", RegexOptions.None, 1000)]
    private static partial Regex Word();
}
