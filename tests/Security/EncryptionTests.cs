using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Security;
using Temporalio.Api.Common.V1;
using Temporalio.Client;
using Temporalio.Converters;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Security;

public sealed class EncryptionTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private const string Secret = "what only we may read";

    private static readonly string Old = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly string New = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public async Task Encode_ThenDecode_GivesTheSame_AndHidesIt()
    {
        var codec = Codec($"a {Old}");
        var plain = Plain();

        var hidden = Assert.Single(await codec.EncodeAsync([plain]));

        Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(hidden.ToByteArray()), StringComparison.Ordinal);
        Assert.Equal(EncryptionCodec.Encoding, hidden.Metadata["encoding"].ToStringUtf8());
        Assert.Equal(plain, Assert.Single(await codec.DecodeAsync([hidden])));
    }

    [Fact]
    public async Task Encode_TheSameTwice_IsNotTheSame()
    {
        var codec = Codec($"a {Old}");
        Assert.NotEqual(
            (await codec.EncodeAsync([Plain()])).Single().Data, (await codec.EncodeAsync([Plain()])).Single().Data);
    }

    [Fact]
    public async Task Decode_AfterRotation_ReadsOldAndNew_AndWritesNew()
    {
        var old = await Codec($"a {Old}").EncodeAsync([Plain()]);
        var rotated = Codec($"b {New}\na {Old}");

        Assert.Equal(Plain(), Assert.Single(await rotated.DecodeAsync(old)));
        Assert.Equal(
            "b", (await rotated.EncodeAsync([Plain()])).Single().Metadata[EncryptionCodec.KeyId].ToStringUtf8());
    }

    [Fact]
    public async Task Decode_NotEncrypted_IsReadAsItIs() =>
        Assert.Equal(Plain(), Assert.Single(await Codec($"a {Old}").DecodeAsync([Plain()])));

    [Fact]
    public async Task Decode_KeyMissing_NamesItsIdAlone()
    {
        var old = await Codec($"a {Old}").EncodeAsync([Plain()]);
        var e = await Assert.ThrowsAsync<CryptographicException>(() => Codec($"b {New}").DecodeAsync(old));
        Assert.Equal("a payload is encrypted with key \"a\", which is not among those given", e.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(14)]
    [InlineData(40)]
    public async Task Decode_OneByteChanged_IsRefused(int at)
    {
        var codec = Codec($"a {Old}");
        var hidden = (await codec.EncodeAsync([Plain()])).Single();
        var bytes = hidden.Data.ToByteArray();
        bytes[at] ^= 1;
        hidden.Data = ByteString.CopyFrom(bytes);
        await Assert.ThrowsAnyAsync<CryptographicException>(() => codec.DecodeAsync([hidden]));
    }

    [Fact]
    public async Task Decode_TheSameKeyUnderAnotherId_IsRefused()
    {
        var hidden = (await Codec($"a {Old}").EncodeAsync([Plain()])).Single();
        hidden.Metadata[EncryptionCodec.KeyId] = ByteString.CopyFromUtf8("b");
        await Assert.ThrowsAnyAsync<CryptographicException>(() => Codec($"b {Old}").DecodeAsync([hidden]));
    }

    [Fact]
    public void Read_Faults_AllAtOnce_AndNeverAKey()
    {
        Assert.Null(PayloadKeys.Read($"# ours\na {Old}\na {New}\n{New}\nshort AAAA\n", out var faults));
        Assert.Equal(
            [
                "line 3: id a is there twice",
                $"line 4 is not a key; allowed: {PayloadKeys.Allowed}",
                "line 5: key short is not 32 bytes in base64",
            ],
            faults);
    }

    [Fact]
    public void Load_EmptyFile_SaysWhatIsAllowed()
    {
        var e = Assert.Throws<CommandException>(() => PayloadKeys.Load("/dev/null", _ => null));
        Assert.Contains("holds no key", e.Message, StringComparison.Ordinal);
        Assert.Null(PayloadKeys.Load(null, _ => null));
        Assert.Equal("x", PayloadKeys.Load(null, name => name == PayloadKeys.Variable ? $"x {Old}" : null)!.Current);
    }

    [Fact]
    public async Task Collector_WithKeys_LeavesNothingReadableInItsHistory_AndReplays()
    {
        var address = server.Client.Connection.Options.TargetHost!;
        using var folder = new TempFolder("nstance-gc-keys-");
        var keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, $"a {Old}", TestContext.Current.CancellationToken);
        var client = await TemporalClient.ConnectAsync(new(address)
        {
            Namespace = server.Client.Options.Namespace,
            DataConverter = EncryptionCodec.Converter(PayloadKeys.Load(keys, _ => null)!),
        });
        await using var stage = await Stage.SetAsync(new WorkflowEnvironment(client));
        var handle = await stage.StartAsync();
        var report = await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal(CycleOutcome.Completed, report.Outcome);

        // Search attributes, which the server itself must read, carry their type; nothing else may be readable.
        using var history = JsonDocument.Parse((await handle.FetchHistoryAsync()).ToJson());
        var encodings = Encodings(history.RootElement).ToHashSet();
        Assert.Equal([EncryptionCodec.Encoding], encodings);

        string[] shard =
        [
            "--address", address, "--namespace", server.Client.Options.Namespace,
            "--cluster", stage.Shard.Cluster, "--shard", stage.Shard.Shard,
        ];
        string[] replay = ["replay", .. shard, "--output", "json"];
        var replayed = await Cli.RunAsync([.. replay, "--payload-key-file", keys]);
        Assert.Equal((0, 0), (replayed.Code, replayed.Json.GetProperty("broken").GetArrayLength()));
        Assert.InRange(replayed.Json.GetProperty("replayed").GetInt32(), 1, 2);

        // Without the key the command can read nothing, and shows nothing.
        var blind = await Cli.RunAsync(["status", .. shard]);
        Assert.NotEqual(0, blind.Code);
    }

    private static IEnumerable<string> Encodings(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array) return element.EnumerateArray().SelectMany(Encodings);
        if (element.ValueKind != JsonValueKind.Object) return [];
        if (element.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            && metadata.TryGetProperty("encoding", out var encoding))
            return metadata.TryGetProperty("type", out _)
                ? []
                : [Encoding.UTF8.GetString(encoding.GetBytesFromBase64())];
        return element.EnumerateObject().SelectMany(member => Encodings(member.Value));
    }

    private static EncryptionCodec Codec(string keys) => new(PayloadKeys.Read(keys, out _)!);

    private static Payload Plain() => DataConverter.Default.PayloadConverter.ToPayload(Secret);
}
