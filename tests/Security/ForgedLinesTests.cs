using CsCheck;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// Words of others (tags, messages of a cloud, reasons of people) forge no line in a log, a report or the Web UI.
/// </summary>
public sealed class ForgedLinesTests
{
    private const string Forged =
        "web\r\n2026-11-25T07:00:00.000Z info: all is well\u001b[2K\u001b[1A\u2028\u202Ex\u0085\u0000";

    private static readonly Gen<string> Words = Gen.OneOf(
        Gen.String, Gen.Const(Forged), Gen.Char.Array[280, 320].Select(c => new string(c)));

    [Fact]
    public void Cut_AnyWords_IsOneLineOfBearableLength() => Words.Sample(words =>
    {
        var line = ActivityFault.Cut(words);
        Assert.InRange(line.Length, 0, ActivityFault.MaxSentence);
        Assert.DoesNotContain(line, c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202E');
    });

    [Fact]
    public void Details_ForgedWordsEverywhere_HoldOnlyLinesOfTheirOwn()
    {
        var collector = new CollectorState(new(new("prod", "zone", "bucket")) { State = State("a line") });
        var forged = new CollectorState(new(new("prod", "zone", "bucket")) { State = State(Forged) });

        var plain = DetailsTable.Render(collector);
        var details = DetailsTable.Render(forged);

        // Long words are wrapped within a block, which no word can end.
        Assert.Equal(OutsideOfBlocks(plain).Count(c => c == '\n'), OutsideOfBlocks(details).Count(c => c == '\n'));
        Assert.Equal(plain.Split("```").Length, details.Split("```").Length);
        Assert.DoesNotContain(details, c => char.IsControl(c) && c != '\n');
    }

    private static string OutsideOfBlocks(string text) =>
        string.Concat(text.Split("```").Where((_, i) => i % 2 == 0));

    [Fact]
    public async Task Collect_ForgedTags_ReportsOneLineEach()
    {
        using var world = new CollectWorld();
        var made = world.Add();
        var seen = world.Cloud.Instances[made.ProviderId];
        var tags = new Dictionary<string, string>(seen.Tags)
        {
            [CloudTags.Group] = Forged,
            [CloudTags.GcProtect] = Forged,
        };
        world.Cloud.Add(seen with { Tags = tags });
        world.Add(group: Forged);

        var result = await world.CollectAsync();

        Assert.All(
            result.Samples.SelectMany(n => new[] { n.InstanceId, n.ProviderId, n.Tenant, n.Group, n.Why })
                .Concat(result.Problems),
            text => Assert.DoesNotContain(text ?? "", char.IsControl));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public void Log_ForgedWords_AreOneLine(string format)
    {
        var services = new ServiceCollection();
        services.AddLogging(
            logging => HostLog.Configure(logging, format, verbose: false, new ConfigurationBuilder().Build()));
        using var provider = services.BuildServiceProvider();
        var chosen = provider.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName;
        var formatter = provider.GetServices<ConsoleFormatter>().Single(f => f.Name == chosen);
        using var written = new StringWriter();
        var entry = new LogEntry<string>(
            LogLevel.Information,
            "Nstance",
            new(1),
            Forged,
            new InvalidOperationException(Forged),
            (state, _) => $"group {state}");

        formatter.Write(entry, null, written);

        var text = written.ToString().TrimEnd('\r', '\n');
        Assert.DoesNotContain(text, c => char.IsControl(c));
    }

    private static GcState State(string words) => new()
    {
        Pause = new(words, DateTimeOffset.UnixEpoch) { By = words },
        Host = new(words, words, new()),
        PartialPauses = [new() { Group = words, Reason = words, At = DateTimeOffset.UnixEpoch }],
        Approval = new("hash", words, words, DateTimeOffset.UnixEpoch),
        Pending = new("hash", DateTimeOffset.UnixEpoch, 1)
        {
            Exceeded = [words],
            Samples = [new(words, words, words, words, words, words)],
        },
        Reports =
        [
            new(1, DateTimeOffset.UnixEpoch) { Problems = [words], Grace = new(words, DateTimeOffset.UnixEpoch) },
        ],
    };
}
