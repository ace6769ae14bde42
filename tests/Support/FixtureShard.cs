using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// A whole shard of tests/Fixtures in a simulated cloud whose clock stands at the fixture's <c>asOf</c>; the
/// database is a copy that may be written.
/// </summary>
internal sealed class FixtureShard : IAsyncDisposable
{
    public const string Bucket = "fixture";

    private readonly string _folder;

    private FixtureShard(string folder, SimulatedCloud cloud, FakeTimeProvider clock, JsonElement expected)
    {
        (_folder, Cloud, Clock, Expected) = (folder, cloud, clock, expected);
        Shard = new ShardRef(expected.GetProperty("cluster").GetString()!, expected.GetProperty("shard").GetString()!, Bucket);
    }

    public SimulatedCloud Cloud { get; }

    public FakeTimeProvider Clock { get; }

    /// <summary>expected.json.</summary>
    public JsonElement Expected { get; }

    public ShardRef Shard { get; }

    public DateTimeOffset AsOf => Expected.GetProperty("asOf").GetDateTimeOffset();

    public string DatabasePath => Path.Combine(_folder, "local.db");

    public static async Task<FixtureShard> StartAsync(string fixture = "shard-1")
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Fixtures", fixture);
        var expected = Read(Path.Combine(source, "expected.json"));
        var clock = new FakeTimeProvider(expected.GetProperty("asOf").GetDateTimeOffset());
        var cloud = await SimulatedCloud.StartAsync(new SimulatedCloudOptions { Clock = clock, Buckets = [Bucket] });
        foreach (var entry in Read(Path.Combine(source, "cloud.json")).EnumerateArray())
            cloud.Ec2.Put(ReadMachine(entry, clock.GetUtcNow()));
        var bucket = Path.Combine(source, "bucket");
        foreach (var file in Directory.EnumerateFiles(bucket, "*", SearchOption.AllDirectories))
        {
            var key = Path.GetRelativePath(bucket, file).Replace('\\', '/');
            cloud.S3.Put(Bucket, key, await File.ReadAllBytesAsync(file));
        }

        var folder = Directory.CreateTempSubdirectory("nstance-fixture-").FullName;
        var shard = new FixtureShard(folder, cloud, clock, expected);
        // Written anew, not copied: the source may be read-only.
        await File.WriteAllBytesAsync(shard.DatabasePath, await File.ReadAllBytesAsync(Path.Combine(source, "local.db")));
        return shard;
    }

    /// <summary>Entries of one list of expected.json.</summary>
    public IReadOnlyList<ExpectedCase> Cases(string list) => Expected.GetProperty(list)
        .Deserialize<List<ExpectedCase>>(JsonSerializerOptions.Web)!;

    public async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private static Machine ReadMachine(JsonElement entry, DateTimeOffset asOf)
    {
        var launched = entry.GetProperty("launched_at").GetDateTimeOffset();
        var state = MachineStates.Parse(entry.GetProperty("state").GetString()!);
        // A terminated instance is one that ended just now, so that it is still to be seen.
        var since = state is MachineState.Terminated ? asOf : launched;
        return new Machine(entry.GetProperty("provider_id").GetString()!, launched, state, since)
        {
            EndedAt = state is MachineState.Terminated ? asOf : null,
            EndedBy = state is MachineState.Terminated ? "fixture" : null,
            Tags = entry.GetProperty("tags").Deserialize<SortedDictionary<string, string>>()!,
        };
    }

    private static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
}

/// <summary>One entry of expected.json.</summary>
internal sealed record ExpectedCase(
    string Case, string? Instance, string? Provider, string? Tenant, string? Group, string? Key);
