using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Upgrade;

/// <summary>
/// Today's code reads every form that a record once had, and loses nothing of it. A collector carries its state over
/// years of releases. During a roll-out, a host of one release answers a workflow of another. A new release adds a
/// folder: NSTANCE_GC_WRITE_FORMS=…/tests/Upgrade/Forms/{version} (absolute), and run this class.
/// </summary>
public sealed class OlderFormsTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Upgrade", "Forms");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder, "*.json", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Folder, f)).Order()];

    public static TheoryData<string> Inputs =>
        [.. Directory.GetFiles(Folder, "GcInput.json", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Folder, f)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Read_FormOfAnOlderRelease_KeepsEveryMember(string file)
    {
        var form = await ReadAsync(file);
        var type = Form.Records.Single(t => t.Name == Path.GetFileNameWithoutExtension(file));
        var now = Form.Write(Form.Read(type, form));
        Assert.Equal([], Lost("$", form, now));
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Run_StateOfAnOlderRelease_ContinuesWithIt(string file)
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var form = await ReadAsync(file);
        var state = form["state"]!;
        form["shard"] = Form.Write(stage.Shard);
        form["settings"]!["interval"] = "01:00:00";
        form["settings"]!["cycleTimeout"] = "00:10:00";
        // The host of that time is gone, and the pause is over: the clock of the test server is ahead of it.
        state["host"] = null;
        await stage.Client.StartWorkflowAsync("GcWorkflow", [form], new(stage.Collector.Id, Names.TaskQueue));

        var kept = Form.Write((await stage.Collector.QueryAsync(w => w.Export())).State!);
        Assert.Equal((int)state["cycle"]! + 1, (int)kept["cycle"]!);
        Assert.Equal((string?)state["lastHost"] is null, kept["lastHost"] is null);
        var report = await stage.Collector.ExecuteUpdateAsync(
            w => w.RunCycleAsync(new((bool?)form["settings"]!["dryRun"] ?? false)));
        Assert.True(report.Outcome is CycleOutcome.Completed, string.Join("; ", report.Problems));
        var status = await stage.Collector.QueryAsync(w => w.Status());
        Assert.Equal((long)state["totals"]!["cycles"]! + status.Cycle - (int)state["cycle"]!, status.Totals.Cycles);
    }

    /// <summary>
    /// A member that no older form has is optional: without it the record is read, and says what its default says.
    /// </summary>
    [Theory]
    [InlineData(typeof(GcState))]
    [InlineData(typeof(GcSettings))]
    [InlineData(typeof(ReconcilerState))]
    [InlineData(typeof(SyncResult))]
    [InlineData(typeof(CollectResult))]
    [InlineData(typeof(HealthScanResult))]
    [InlineData(typeof(PurgeResult))]
    public void Read_WithoutAnyMember_IsTheDefault(Type type) =>
        Assert.Equal(
            Form.Write(Default(type)).ToJsonString(),
            Form.Write(Form.Read(type, new JsonObject())).ToJsonString());

    private static object Default(Type type) => Activator.CreateInstance(
        type,
        BindingFlags.CreateInstance | BindingFlags.Public | BindingFlags.Instance | BindingFlags.OptionalParamBinding,
        binder: null,
        [.. type.GetConstructors().Single().GetParameters().Select(_ => Type.Missing)],
        culture: null)!;

    [Fact]
    public async Task Write_FormsOfThisRelease_WhenAskedFor()
    {
        var folder = Environment.GetEnvironmentVariable("NSTANCE_GC_WRITE_FORMS");
        foreach (var type in Form.Records)
        {
            var form = Form.Write(Form.Filled(type, type.Name));
            Assert.Equal([], Lost("$", form, Form.Write(Form.Read(type, form))));
            if (string.IsNullOrEmpty(folder)) continue;
            Directory.CreateDirectory(folder);
            var text = form.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
            await File.WriteAllTextAsync(
                Path.Combine(folder, $"{type.Name}.json"), text + "\n", TestContext.Current.CancellationToken);
        }
    }

    private static async Task<JsonNode> ReadAsync(string file) =>
        JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken))!;

    /// <summary>
    /// Paths of values that are in <paramref name="old"/> and not, or otherwise, in <paramref name="now"/>.
    /// </summary>
    private static IEnumerable<string> Lost(string path, JsonNode? old, JsonNode? now) => (old, now) switch
    {
        (JsonObject a, JsonObject b) =>
            a.SelectMany(member => Lost($"{path}.{member.Key}", member.Value, b[member.Key])),
        (JsonArray a, JsonArray b) when a.Count == b.Count =>
            a.Zip(b).SelectMany((pair, n) => Lost($"{path}[{n}]", pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(old, now) ? [] : [path],
    };
}
