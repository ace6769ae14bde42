using System.Text;
using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// What others wrote, in every broken form: parsers answer, never throw, and what passes stays inside its shard.
/// </summary>
public sealed class BadDataProperties
{
    private const string Secret = "s3cret-jwt";
    private const string Id = "knc06bgm7733st2576nx5jht4ecjw";

    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private static readonly string Record = $$$"""
        {"instance_id":"{{{Id}}}","tenant":"acme","group":"web","status":"running",
         "provider_instance_id":"i-0123","on_demand":true,
         "created_at":"2026-11-23T17:21:05.123456789Z",
         "registered_at":"2026-11-23T17:22:00Z",
         "registration_jwt":"{{{Secret}}}",
         "config":{"a":[1,2]},
         "tags":{"x":"y"}}
        """;

    private const string Config = """
        { // as nstance writes it
          "cluster": { "id": "prod-eu" },
          "shard": { "id": "us-west-2a", "infra": { "provider": "aws", "region": "us-west-2" },
          "health_check_interval": "60s", "request_timeout": "30s",
          "garbage_collection": {
            "interval": "2m", "registration_timeout": "5m", "deleted_record_retention": "1h30m", }, }, }
        """;

    private static readonly string[] Known =
    [
        "../", "..", "/", "acme/../other", "acme%2f..", "a\0b", "a\nb", "\u202Ecba", "é", "ACME", "-", "a--b",
        new('a', 33), "", " ", "٣", "\ud800",
    ];

    private static readonly Gen<string> Nasty = Gen.OneOf(
        Gen.String, Gen.Int[0, Known.Length - 1].Select(n => Known[n]));

    /// <summary>A text with bytes changed, removed, added, doubled or cut.</summary>
    private static Gen<byte[]> Broken(string text) =>
        from edits in Gen.Select(Gen.Int[0, 4], Gen.Int[0, text.Length - 1], Gen.Int[1, 40], Gen.Byte).List[1, 6]
        select edits.Aggregate(Encoding.UTF8.GetBytes(text), (bytes, edit) =>
        {
            var (kind, place, length, value) = edit;
            var at = Math.Min(place, bytes.Length);
            var end = Math.Min(at + length, bytes.Length);
            return kind switch
            {
                0 => [.. bytes[..at], value, .. bytes[Math.Min(at + 1, bytes.Length)..]],
                1 => [.. bytes[..at], .. bytes[end..]],
                2 => [.. bytes[..at], value, .. bytes[at..]],
                3 => [.. bytes[..end], .. bytes[at..]],
                _ => bytes[..at],
            };
        });

    [Fact]
    public void Record_Broken_IsReadOrRefused_AndNoSecretIsQuoted() => Broken(Record).Sample(bytes =>
    {
        if (InstanceRecord.TryParse(bytes, out var record, out var why))
        {
            var key = RecordKey.For(Shard, record!.Tenant, record.InstanceId);
            Assert.StartsWith("shard/us-west-2a/instance/", key, StringComparison.Ordinal);
            Assert.Equal(3, key.Split('/').Length - 1);
        }
        else
        {
            Assert.DoesNotContain(Secret, why, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', why!);
        }
    }, iter: 10_000);

    [Fact]
    public void Record_RandomBytes_IsRefused() =>
        Gen.Byte.Array[0, 400].Sample(bytes => Assert.False(InstanceRecord.TryParse(bytes, out _, out _)), iter: 5_000);

    [Fact]
    public void Key_Nasty_IsRefusedOrRoundTrips() =>
        Gen.Select(Nasty, Nasty, Gen.Bool).Sample((tenant, end, real) =>
        {
            var name = real ? $"01970a1c-e31e-7422-9cd5-e9651d11cc97-knc{end}" : end;
            var folder = "shard/us-west-2a/instance/";
            foreach (var key in new[] { tenant, $"{folder}{tenant}.{name}.json", $"{folder}{tenant}{name}" })
            {
                if (!RecordKey.TryParse(Shard, key, out var owner, out var id)) continue;
                Assert.Equal(key, RecordKey.For(Shard, owner, id));
                Assert.DoesNotContain("..", key, StringComparison.Ordinal);
            }
        }, iter: 10_000);

    [Fact]
    public void Prefix_OfNastyShardOrTenant_IsNeverMade() => Nasty.Where(n => !Identifiers.IsValid(n)).Sample(name =>
    {
        Assert.True(InstanceId.TryParse(Id, out var id));
        Assert.Throws<ArgumentException>(() => RecordKey.Prefix(Shard with { Shard = name }));
        Assert.Throws<ArgumentException>(() => RecordKey.For(Shard, name, id));
        Assert.Throws<ArgumentException>(() => Activities.Ports.AuditKey.Prefix(Shard with { Shard = name }));
    });

    [Fact]
    public void Config_Broken_IsReadOrNamesItsFaults() => Broken(Config).Sample(bytes =>
    {
        var parsed = ShardConfig.Parse(bytes, Shard, "aws");
        if (parsed.Config is null) Assert.NotEmpty(parsed.ToString());
    }, iter: 10_000);

    [Theory]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"cluster\":{\"id\":\"\\ud800\"}}")]
    [InlineData("{\"cluster\":{\"id\":7,\"\\udc00\":1,\"\\udc00\":1}}")]
    public void Config_HalfOfASurrogatePair_IsRefused(string text) =>
        Assert.Null(ShardConfig.Parse(Encoding.UTF8.GetBytes(text), Shard, "aws").Config);

    [Fact]
    public void IdsDurationsAndTimes_Nasty_NeverThrow() => Nasty.Sample(text =>
    {
        if (InstanceId.TryParse(text, out var id)) Assert.Equal(text, id.ToString());
        if (GoDuration.TryParse(text, out var duration)) Assert.True(
            GoDuration.TryParse(GoDuration.Format(duration), out _));
        if (GoTime.TryParse(text, out var time)) Assert.True(GoTime.TryParse(GoTime.Format(time), out _));
        _ = InstanceStatuses.Parse(text).IsUnhealthy();
    }, iter: 10_000);

    [Fact]
    public void ProtectionTag_Nasty_Protects() => Nasty.Sample(value =>
    {
        var instance = new CloudInstance(
            "i-1",
            "running",
            InstanceStatus.Running,
            null,
            null,
            null,
            null,
            null,
            new Dictionary<string, string> { [CloudTags.GcProtect] = value });
        Assert.NotNull(instance.Protection(CollectWorld.AsOf));
    });

    [Fact]
    public async Task Rebuild_PoisonedObjects_AreCountedAndBlockNothing()
    {
        using var world = new CollectWorld();
        var good = new List<CollectWorld.Made>();
        var poison = 0;
        for (var n = 0; n < 20; n++) good.Add(world.Add());
        foreach (var made in good) world.Sql("DELETE FROM instances WHERE id = $id", ("$id", made.Id));
        foreach (var bytes in new[]
        {
            [],
            Encoding.UTF8.GetBytes(new string('[', 100_000)),
            new byte[10 << 20],
            [0xff, 0xfe],
            Encoding.UTF8.GetBytes("null"),
            Encoding.UTF8.GetBytes(Record[..40]),
        })
        {
            var id = InstanceIds.New(CollectWorld.AsOf);
            world.Records.Objects[RecordKey.For(Shard, "acme", id)] = bytes;
            poison++;
        }

        string[] names =
            ["../../x.json", "a\nb.json", "acme.json", "", "ü.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json"];
        foreach (var name in names)
        {
            world.Records.Put($"shard/us-west-2a/instance/{name}", Record);
            poison++;
        }

        var notes = new PhaseNotes();
        var read = await new Rebuild(world.Db, world.Records, notes, _ => { })
            .RunAsync(Shard, CollectWorld.AsOf, TestContext.Current.CancellationToken);

        Assert.Equal((good.Count, poison), (read, notes.InvalidCount));
        Assert.All(good, made => Assert.NotNull(world.Db.Find(made.Id)));
        Assert.All(notes.Problems, p => Assert.DoesNotContain(p, char.IsControl));
    }

    [Fact]
    public void OneLine_Nasty_HoldsNoControlCharacter() => Nasty.Sample(text =>
    {
        var line = OneLine.Of(text);
        Assert.Equal(text.Length, line.Length);
        Assert.DoesNotContain(line, c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202E');
        if (text.All(c => c is >= ' ' and < '\u007f')) Assert.Equal(text, line);
    });
}
