using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>The file looks as Go's driver writes it (contract, "Column types, as they really are").</summary>
public sealed class NstanceDatabaseTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("V1", false)]
    [InlineData("V1", true)]
    [InlineData("V2", false)]
    [InlineData("V2", true)]
    public void Insert_WholeInstance_HoldsTheTypesOfGo(string generation, bool hasUnknownColumns)
    {
        using var database = new NstanceDatabase(_path, Enum.Parse<NstanceGeneration>(generation), hasUnknownColumns);
        database.Insert(Whole("a"));

        Assert.Equal("blob", Read("SELECT typeof(provider_state) FROM instances"));
        Assert.Equal("blob", Read("SELECT typeof(health) FROM instances"));
        Assert.Equal("text", Read("SELECT typeof(infra_config_hash) FROM instances"));
        Assert.Equal("running", Read("SELECT json_extract(CAST(provider_state AS TEXT), '$.status') FROM instances"));
        Assert.Equal("0", Read("SELECT on_demand FROM instances"));
        Assert.Equal("1", Read("SELECT count(*) FROM public_keys"));
        string[] times = ["issued_at", "created_at", "updated_at", "provider_at", "registered_at", "health_at"];
        foreach (var column in times)
        {
            var text = Read($"SELECT {column} FROM instances");
            Assert.Matches(@"^2026-11-23 18:0\d:00\.\d{9}\+00:00$", text);
            Assert.True(GoTime.TryParse(text, out _));
        }
    }

    [Theory]
    [InlineData("V1", null, "3")]
    [InlineData("V2", "1|-", "0")]
    public void Constructor_OfAGeneration_CreatesItsColumns(string generation, string? subnet, string columnsOfV1)
    {
        using var database = new NstanceDatabase(_path, Enum.Parse<NstanceGeneration>(generation));

        Assert.Equal(subnet, Read("""
            SELECT "notnull" || '|' || ifnull(dflt_value, '-')
            FROM pragma_table_info('instances') WHERE name = 'subnet_id'
            """));
        Assert.Equal(columnsOfV1, Read("""
            SELECT count(*) FROM pragma_table_info('public_keys')
            WHERE name IN ('processed_at', 'certificate_serial', 'certificate_issued_at')
            """));
    }

    [Fact]
    public void Insert_PendingInstance_HasNeitherProviderNorState()
    {
        using var database = new NstanceDatabase(_path, NstanceGeneration.V2);
        database.Insert(new NstanceInstance("a", "acme", "web", Start));

        Assert.Equal("1", Read("""
            SELECT provider_id IS NULL AND provider_at IS NULL AND provider_state IS NULL AND registered_at IS NULL
              AND health_at IS NULL AND health IS NULL AND infra_config_hash IS NOT NULL FROM instances
            """));
    }

    [Fact]
    public void SetProviderRegisterReport_OneAfterTheOther_FillTheRow()
    {
        using var database = new NstanceDatabase(_path, NstanceGeneration.V1);
        database.Insert(new NstanceInstance("a", "acme", "web", Start));

        database.SetProvider("a", "i-1", Start.AddMinutes(1));
        Assert.Equal("i-1|pending|blob", Read("""
            SELECT provider_id || '|' || (CAST(provider_state AS TEXT) ->> 'status') || '|' || typeof(provider_state)
            FROM instances
            """));

        database.Register(["a"], Start.AddMinutes(2));
        database.Report([("a", Start.AddMinutes(3))]);
        Assert.Equal("2026-11-23 18:02:00.000000089+00:00|2026-11-23 18:03:00.000000089+00:00|blob",
            Read("SELECT registered_at || '|' || health_at || '|' || typeof(health) FROM instances"));
    }

    [Fact]
    public void Elect_WithReports_ClearsAll()
    {
        using var database = new NstanceDatabase(_path, NstanceGeneration.V2);
        database.Insert(Whole("a"), Whole("b"));

        database.Elect();

        Assert.Equal("2", Read("SELECT count(*) FROM instances WHERE health_at IS NULL AND registered_at IS NOT NULL"));
    }

    [Fact]
    public void Purge_RowsWithChildren_DeletesThoseMarkedBefore()
    {
        using var database = new NstanceDatabase(_path, NstanceGeneration.V2);
        database.Insert(Whole("old"), Whole("new"), Whole("live"));
        database.MarkDeleted("old", Start);
        database.MarkDeleted("new", Start.AddMinutes(30));

        database.Purge(Start.AddMinutes(10));

        Assert.Equal(["live", "new"], database.Ids().Order());
        Assert.Equal("live", Assert.Single(database.Live()).Id);
        Assert.Equal("2", Read("SELECT count(*) FROM public_keys"));
    }

    private static NstanceInstance Whole(string id) => new(id, "acme", "web", Start)
    {
        ProviderId = $"i-{id}",
        RegisteredAt = Start.AddMinutes(1),
        HealthAt = Start.AddMinutes(2),
    };

    private string? Read(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }
}
