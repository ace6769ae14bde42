using System.Text.Json;

namespace Nstance.Temporal.Tests.Support;

/// <summary>The files of a golden shard (tests/Fixtures), and a copy of its database that may be written.</summary>
internal sealed class Fixture : IDisposable
{
    public const string Bucket = "fixture";

    private readonly string _source;

    public Fixture(string name)
    {
        _source = Path.Combine(AppContext.BaseDirectory, "Fixtures", name);
        Folder = Directory.CreateTempSubdirectory("nstance-fixture-").FullName;
        Expected = Read("expected.json");
        Shard = new(Text("cluster"), Text("shard"), Bucket);
        AsOf = Expected.GetProperty("asOf").GetDateTimeOffset();

        // Written, not copied: a copy would keep the read-only flag of the source.
        DatabasePath = Path.Combine(Folder, "local.db");
        File.WriteAllBytes(DatabasePath, File.ReadAllBytes(Path.Combine(_source, "local.db")));
    }

    /// <summary>expected.json.</summary>
    public JsonElement Expected { get; }

    public ShardRef Shard { get; }

    public DateTimeOffset AsOf { get; }

    /// <summary>Folder of the database; deleted with this object.</summary>
    public string Folder { get; }

    public string DatabasePath { get; }

    /// <summary>cloud.json.</summary>
    public IReadOnlyList<FixtureMachine> Machines =>
        [.. Read("cloud.json").EnumerateArray().Select(machine => new FixtureMachine(
            machine.GetProperty("provider_id").GetString()!,
            machine.GetProperty("state").GetString()!,
            machine.GetProperty("launched_at").GetDateTimeOffset(),
            machine.GetProperty("tags").Deserialize<SortedDictionary<string, string>>()!))];

    /// <summary>Keys and bytes of the bucket.</summary>
    public IEnumerable<(string Key, byte[] Bytes)> Objects
    {
        get
        {
            var bucket = Path.Combine(_source, "bucket");
            return Directory.EnumerateFiles(bucket, "*", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(bucket, file).Replace('\\', '/'), File.ReadAllBytes(file)));
        }
    }

    /// <summary>Entries of one list of expected.json.</summary>
    public IReadOnlyList<ExpectedCase> Cases(string list) =>
        Expected.GetProperty(list).Deserialize<List<ExpectedCase>>(JsonSerializerOptions.Web)!;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private JsonElement Read(string file) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_source, file))).RootElement;

    private string Text(string member) => Expected.GetProperty(member).GetString()!;
}

/// <summary>One machine of cloud.json.</summary>
internal sealed record FixtureMachine(
    string Id, string State, DateTimeOffset LaunchedAt, IReadOnlyDictionary<string, string> Tags);

/// <summary>One entry of expected.json.</summary>
internal sealed record ExpectedCase(
    string Case, string? Instance, string? Provider, string? Tenant, string? Group, string? Key);
