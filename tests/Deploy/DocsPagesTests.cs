using System.Globalization;
using System.Text.RegularExpressions;
using Nstance.Temporal.Tests.Worker;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>Links of the docs lead somewhere, and each decision has the usual four parts.</summary>
public sealed partial class DocsPagesTests
{
    private static readonly string[] Parts = ["Status", "Context", "Decision", "Consequences"];

    public static TheoryData<string> Pages =>
    [
        "README.md",
        .. Directory.GetFiles(Repository.File("docs"), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path)),
    ];

    public static TheoryData<string> Decisions =>
    [
        .. Directory.GetFiles(Repository.File("docs/adr"), "0*.md").Select(path => Path.GetFileName(path)),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_OfEachPage_LeadToAFileAndAHeading(string page)
    {
        foreach (Match link in Link().Matches(File.ReadAllText(Repository.File(page))))
        {
            var path = link.Groups["path"].Value;
            var target = path.Length == 0
                ? Repository.File(page)
                : Path.Combine(Path.GetDirectoryName(Repository.File(page))!, path);
            Assert.True(Path.Exists(target), $"{page}: {link.Value}");
            if (link.Groups["heading"].Value is { Length: > 0 } heading)
                Assert.True(Anchors(target).Contains(heading), $"{page}: {link.Value}");
        }
    }

    [Theory]
    [MemberData(nameof(Decisions))]
    public void Decision_EachFile_HasFourPartsAndIsListedWithItsStatus(string name)
    {
        var text = File.ReadAllText(Repository.File($"docs/adr/{name}"));
        var number = int.Parse(name[..4], CultureInfo.InvariantCulture);

        Assert.Equal(Parts, Heading().Matches(text).Select(m => m.Groups["text"].Value));
        Assert.StartsWith($"# {number}. ", text, StringComparison.Ordinal);
        Assert.Matches(
            $@"\| \[{number}\]\({Regex.Escape(name)}\) \|[^|]+\| (accepted|superseded)",
            File.ReadAllText(Repository.File("docs/adr/README.md")));
    }

    /// <summary>Keep a Changelog. Before the first release, "Added" is the only section.</summary>
    [Fact]
    public void Changelog_EachEntry_IsOneLineUnderAdded()
    {
        var lines = File.ReadAllLines(Repository.File("CHANGELOG.md"));
        var entries = lines.SkipWhile(line => !line.StartsWith("## [0.1.0]", StringComparison.Ordinal)).Skip(1)
            .Where(line => line.Length > 0).ToList();

        Assert.Equal("### Added", entries[0]);
        Assert.DoesNotContain(entries.Skip(1), line => line.StartsWith('#'));
        Assert.All(entries, line => Assert.InRange(line.Length, 1, 120));
        Assert.True(entries.Count(line => line.StartsWith("- ", StringComparison.Ordinal)) > 40);
    }

    private static IEnumerable<string> Anchors(string path) =>
        Heading().Matches(File.ReadAllText(path)).Select(m => NotInAnchor().Replace(
            m.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?!https?:)(?<path>[^)#\s]*)(#(?<heading>[^)\s]+))?\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex("^##+ (?<text>.+?)\\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, 1000)]
    private static partial Regex NotInAnchor();
}
