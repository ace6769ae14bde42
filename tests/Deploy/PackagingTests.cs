using System.Text.RegularExpressions;
using Nstance.Temporal.Tests.Worker;
using YamlDotNet.RepresentationModel;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>
/// What is shipped beside the program is read by the programs that will read it, and agrees with ours.
/// </summary>
public sealed partial class PackagingTests
{
    public static TheoryData<string> Yaml =>
    [
        .. Directory.GetFiles(Repository.File("deploy"), "*.yaml", SearchOption.AllDirectories)
            .Append(Repository.File("temporal-dev.yaml")).Select(
                path => Path.GetRelativePath(Repository.File("."), path)),
    ];

    [Theory]
    [MemberData(nameof(Yaml))]
    public void Yaml_EveryFile_IsReadable(string file) => Assert.NotEmpty(Read(file));

    [Fact]
    public async Task Promtool_RulesAndTheirTests_Pass()
    {
        await Tool.RunAsync("promtool", "check", "rules", "deploy/prometheus/nstance-gc.rules.yaml");
        await Tool.RunAsync("promtool", "check", "config", "deploy/prometheus/prometheus.yaml");
        await Tool.RunAsync("promtool", "test", "rules", "deploy/prometheus/nstance-gc.tests.yaml");
    }

    [Fact]
    public async Task Kustomize_Base_BuildsAHardenedStatefulSet()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await Tool.RunAsync("kubectl", "kustomize", "deploy/kubernetes")));
        var kinds = yaml.Documents.ToDictionary(d => d.RootNode["kind"].ToString(), d => d.RootNode);
        Assert.Superset(
            new HashSet<string>
            {
                "StatefulSet", "PodDisruptionBudget", "NetworkPolicy", "Service", "ServiceAccount", "ConfigMap",
            },
            kinds.Keys.ToHashSet());

        var pod = kinds["StatefulSet"]["spec"]["template"]["spec"];
        var container = pod["containers"][0];
        Assert.Equal("true", pod["securityContext"]["runAsNonRoot"].ToString());
        Assert.Equal("true", container["securityContext"]["readOnlyRootFilesystem"].ToString());
        Assert.Equal("/healthz/live", container["livenessProbe"]["httpGet"]["path"].ToString());
        Assert.Equal("/healthz/ready", container["readinessProbe"]["httpGet"]["path"].ToString());
        Assert.Equal("topology.kubernetes.io/zone", pod["topologySpreadConstraints"][0]["topologyKey"].ToString());
        Assert.True(
            int.Parse(pod["terminationGracePeriodSeconds"].ToString()) > 30,
            "the worker drains for 20 s, its host waits 10 s more");
        var budget = kinds["PodDisruptionBudget"]["spec"]["selector"];
        foreach (var selector in (YamlNode[])[budget, kinds["NetworkPolicy"]["spec"]["podSelector"]])
            Assert.Equal("nstance-gc", selector["matchLabels"]["app.kubernetes.io/name"].ToString());
    }

    [Fact]
    public void Compose_Images_ArePinned()
    {
        var images = Services().Where(s => s.Children.ContainsKey("image")).Select(s => s["image"].ToString()).ToList();

        Assert.Equal(5, images.Count);
        Assert.All(images, image => Assert.Matches(@":v?\d+\.\d+\.\d+$", image));
        Assert.All(
            File.ReadLines(Repository.File("deploy/Containerfile")).Where(
                l => l.StartsWith("FROM ", StringComparison.Ordinal)),
            line => Assert.Matches(@":\d+\.\d+\.\d+-noble", line));
    }

    /// <summary>A chiseled base has no time zones, and unknown time zones of quiet hours hold a shard.</summary>
    [Fact]
    public void Containerfile_Base_HasTimeZones() => Assert.EndsWith(
        "-chiseled-extra",
        File.ReadLines(Repository.File("deploy/Containerfile")).Last(
            l => l.StartsWith("FROM ", StringComparison.Ordinal)),
        StringComparison.Ordinal);

    [Fact]
    public void Compose_Temporal_RegistersTheSearchAttributesThatWeSet()
    {
        var temporal = ((YamlMappingNode)Read("temporal-dev.yaml")[0])["services"]["temporal"];
        var command = ((YamlSequenceNode)temporal["command"]).Select(c => c.ToString());

        Assert.Equal(
            Names.SearchAttributes.Select(a => $"--search-attribute={a.Name}={a.ValueType}").Order(),
            command.Where(c => c.StartsWith("--search-attribute", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Systemd_Unit_IsReadAndRatedSafe()
    {
        // Checked with a program that is there.
        var folder = Directory.CreateTempSubdirectory("nstance-gc-unit-");
        var unit = Path.Combine(folder.FullName, "nstance-gc.service");
        var text = await File.ReadAllTextAsync(
            Repository.File("deploy/systemd/nstance-gc.service"), TestContext.Current.CancellationToken);
        Assert.Contains("ExecStart=/usr/local/bin/nstance-gc run\n", text);
        await File.WriteAllTextAsync(
            unit, text.Replace("/usr/local/bin/nstance-gc", "/bin/true"), TestContext.Current.CancellationToken);
        try
        {
            await Tool.RunAsync("systemd-analyze", "verify", "--man=no", unit);
            // Exposure from 0 to 10, times ten: it fails above.
            await Tool.RunAsync("systemd-analyze", "security", "--offline=true", "--threshold=20", unit);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void SystemdEnvironment_EverySetting_IsKnown()
    {
        var names = File.ReadLines(Repository.File("deploy/systemd/environment"))
            .Where(l => l.StartsWith("NSTANCE_GC__", StringComparison.Ordinal)).Select(l => l.Split('=')[0]);

        Assert.Empty(names.Except(Nstance.Temporal.Worker.Options.Settings.All.Select(s => s.Variable)));
    }

    /// <summary>No registry has our packages, so each command that installs one names its folder.</summary>
    [Fact]
    public void Docs_EachInstallOfOurPackages_NamesItsSource()
    {
        var pages = Directory.GetFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal));
        var installs = pages.SelectMany(File.ReadLines).Where(line => Install().IsMatch(line)).ToList();

        Assert.True(installs.Count >= 4, $"only {installs.Count}");
        Assert.All(installs, line => Assert.Matches(@"--(add-)?source \./artifacts\b", line));
    }

    [GeneratedRegex(
        @"dotnet (tool (install|update|execute)|add package|package add) .*Nstance\.|dnx .*Nstance\.")]
    private static partial Regex Install();

    private static IEnumerable<YamlMappingNode> Services() =>
        ((YamlMappingNode)((YamlMappingNode)Read("temporal-dev.yaml")[0])["services"]).Children.Values
            .Cast<YamlMappingNode>();

    private static List<YamlNode> Read(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(Repository.File(file))));
        return [.. yaml.Documents.Select(d => d.RootNode)];
    }
}
