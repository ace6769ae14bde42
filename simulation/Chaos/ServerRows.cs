using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What nstance's server writes into the database that it shares with the collector.</summary>
internal sealed class ServerRows : IDisposable
{
    private readonly SqliteConnection _connection;

    public ServerRows(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False;Foreign Keys=True");
        _connection.Open();
        Run(NstanceSchema.Of(NstanceGeneration.V1, hasUnknownColumns: false));
        Run("PRAGMA synchronous = OFF");
    }

    public void Insert(ChaosMember m) => Run(
        """
        INSERT INTO instances (id, tenant, group_key, nonce, issued_at, created_at, updated_at)
        VALUES ($id, 'acme', $group, $nonce, $at, $at, $at)
        """,
        ("$id", m.Id), ("$group", m.Group), ("$nonce", $"{ChaosWorld.SecretMark}-{m.Number}"), ("$at", GoTime.Format(m.Issued)));

    public void SetProvider(ChaosMember m, DateTimeOffset at) => Run(
        "UPDATE instances SET provider_id = $provider, provider_at = $at, updated_at = $at WHERE id = $id",
        ("$id", m.Id), ("$provider", m.Machine!.ProviderId), ("$at", GoTime.Format(at)));

    public void SetRegistered(ChaosMember m, DateTimeOffset at)
    {
        Run("UPDATE instances SET registered_at = $at, health_at = $at, updated_at = $at WHERE id = $id",
            ("$id", m.Id), ("$at", GoTime.Format(at)));
        Run("INSERT OR IGNORE INTO public_keys (instance_id, filename, public_key_pem) SELECT id, 'tls', 'pem' FROM instances WHERE id = $id",
            ("$id", m.Id));
    }

    public void MarkDeleted(ChaosMember m, DateTimeOffset at) =>
        Run("UPDATE instances SET deleted_at = $at, updated_at = $at WHERE id = $id", ("$id", m.Id), ("$at", GoTime.Format(at)));

    public void Rot(ChaosMember m) =>
        Run("UPDATE instances SET provider_state = '{ broken' WHERE id = $id", ("$id", m.Id));

    public void Report(IEnumerable<ChaosMember> members, Func<ChaosMember, DateTimeOffset> at)
    {
        using var transaction = _connection.BeginTransaction();
        using var command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "UPDATE instances SET health_at = $at WHERE id = $id";
        command.Parameters.Add(new("$at", ""));
        command.Parameters.Add(new("$id", ""));
        foreach (var m in members)
        {
            command.Parameters["$at"].Value = GoTime.Format(at(m));
            command.Parameters["$id"].Value = m.Id;
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    public void Dispose() => _connection.Dispose();

    private void Run(string sql, params (string Name, object Value)[] values)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }
}
