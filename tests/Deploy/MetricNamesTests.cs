using System.Text.Json;
using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Worker;
using YamlDotNet.RepresentationModel;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>Dashboards and alerts name only metrics that exist: a query for any other never fires.</summary>
public sealed partial class MetricNamesTests
{
    [Fact]
    public void Rules_EveryMetric_ExistsOrIsRecorded()
    {
        var expressions = Rules().Select(rule => rule["expr"]).ToList();

        Assert.NotEmpty(expressions);
        Assert.Empty(expressions.SelectMany(Metrics).Except(Known()));
    }

    [Fact]
    public void Rules_EveryAlert_HasSeveritySummaryDescriptionAndAPlaceInTheDocs()
    {
        var docs = File.ReadAllText(Repository.File("docs/operations.md"));
        foreach (var alert in Rules().Where(rule => rule.ContainsKey("alert")))
        {
            Assert.All(
                (string[])["labels.severity", "annotations.summary", "annotations.description"],
                key => Assert.NotEmpty(alert[key]));
            Assert.Contains($"`{alert["alert"]}`", docs);
        }
    }

    [Fact]
    public void Dashboard_EveryQuery_NamesMetricsThatExist()
    {
        var targets = Panels().SelectMany(p => p.TryGetProperty("targets", out var t) ? t.EnumerateArray() : default)
            .ToList();
        var expressions = targets.Select(t => t.GetProperty("expr").GetString()!).ToList();

        Assert.True(expressions.Count > 20);
        Assert.Empty(expressions.SelectMany(Metrics).Except(Known()));
        Assert.Empty(Variables().SelectMany(Metrics).Except(Known()));
    }

    [Fact]
    public void Dashboard_Panels_HaveIdsOfTheirOwnAndDoNotOverlap()
    {
        var places = Panels().Select(p => (Id: p.GetProperty("id").GetInt32(), Grid: p.GetProperty("gridPos")))
            .ToList();
        Assert.Equal(places.Count, places.Select(p => p.Id).Distinct().Count());
        var cells = places.SelectMany(p =>
            from x in Enumerable.Range(p.Grid.GetProperty("x").GetInt32(), p.Grid.GetProperty("w").GetInt32())
            from y in Enumerable.Range(p.Grid.GetProperty("y").GetInt32(), p.Grid.GetProperty("h").GetInt32())
            select (x, y)).ToList();
        Assert.Equal(cells.Count, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.x, 0, 23));
    }

    [Fact]
    public void Docs_EveryMetric_IsDescribed()
    {
        var docs = File.ReadAllText(Repository.File("docs/operations.md"));
        var families = PrometheusNames.All().Select(n => Regex.Replace(n, "_(bucket|sum|count)$", "")).Distinct();

        Assert.All(families, name => Assert.Contains($"`{name}`", docs));
    }

    [Fact]
    public void Instruments_OfTheCollector_AreOnTheMeterThatIsExported() => Assert.All(
        PrometheusNames.Instruments(),
        instrument => Assert.True(
            instrument.Meter.Name == GcMeter.Name, $"{instrument.Name} is on meter {instrument.Meter.Name}"));

    private static IEnumerable<string> Metrics(string expression) =>
        Name().Matches(Text().Replace(expression, "")).Select(match => match.Value);

    private static HashSet<string> Known() =>
    [
        .. PrometheusNames.All(),
        .. PrometheusNames.OfOthers,
        .. Rules().Where(r => r.ContainsKey("record")).Select(r => r["record"]),
    ];

    private static JsonElement.ArrayEnumerator Panels() => Dashboard().GetProperty("panels").EnumerateArray();

    private static IEnumerable<string> Variables() =>
        Dashboard().GetProperty("templating").GetProperty("list").EnumerateArray()
            .Where(v => v.GetProperty("type").GetString() == "query")
            .Select(v => v.GetProperty("query").GetProperty("query").GetString()!);

    private static JsonElement Dashboard() =>
        JsonDocument.Parse(File.ReadAllText(Repository.File("deploy/grafana/dashboards/nstance-gc.json"))).RootElement;

    /// <summary>Each rule, with nested keys joined by a dot.</summary>
    private static List<Dictionary<string, string>> Rules()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(Repository.File("deploy/prometheus/nstance-gc.rules.yaml"))));
        var groups = (YamlSequenceNode)yaml.Documents[0].RootNode["groups"];
        return
        [
            .. groups.SelectMany(group => (YamlSequenceNode)group["rules"]).Select(rule => Flat((YamlMappingNode)rule)),
        ];
    }

    private static Dictionary<string, string> Flat(YamlMappingNode rule) => rule.Children
        .SelectMany(pair => pair.Value is YamlMappingNode inner
            ? inner.Children.Select(c => ($"{pair.Key}.{c.Key}", c.Value.ToString()))
            : [(pair.Key.ToString(), pair.Value.ToString())])
        .ToDictionary(pair => pair.Item1, pair => pair.Item2);

    [GeneratedRegex("\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex Text();

    [GeneratedRegex("(nstance_gc|temporal|dotnet|process)[_:][a-z0-9_:]+", RegexOptions.None, 1000)]
    private static partial Regex Name();
}
