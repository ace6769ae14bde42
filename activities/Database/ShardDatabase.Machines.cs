using System.Text.Json;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A machine, and whether no row stands for it now.</summary>
internal readonly record struct RowlessMachine(MachineRow Machine, bool IsRowless);

/// <summary><c>gc_machines</c>: the cloud's state, as last listed.</summary>
internal sealed partial class ShardDatabase
{
    private static readonly string[] MachineParameters =
        ["$id", "$instance", "$group", "$status", "$launched", "$protected", "$quarantined", "$at"];

    private static readonly string[] MachineUpdateParameters =
        ["$id", "$group", "$status", "$launched", "$protected", "$quarantined", "$at"];

    /// <summary>All machines, by provider id.</summary>
    public Dictionary<string, MachineRow> LoadMachines()
    {
        var groups = new Dictionary<string, string>();
        var machines = new Dictionary<string, MachineRow>(Number(Queries.CountMachines));
        foreach (var machine in Query(Queries.Machines, [], [], row => RowReader.Machine(row, groups)))
            machines.Add(machine.ProviderId, machine);
        return machines;
    }

    /// <summary>
    /// Writes what a listing changed, in the order of the table: pages of the file are then written once.
    /// </summary>
    /// <param name="changes">In any order.</param>
    /// <param name="at">The cycle's time.</param>
    /// <param name="progress">Called after each batch.</param>
    public void WriteMachines(List<MachineChange> changes, DateTimeOffset at, Action? progress = null)
    {
        var text = GoTime.Format(at);
        changes.Sort(static (a, b) => string.CompareOrdinal(a.Machine.ProviderId, b.Machine.ProviderId));
        WriteBatches(
            changes,
            change =>
            {
                var m = change.Machine;
                object? launched = m.LaunchedMs;
                return change.IsInsert
                    ? Write(
                        Statements.InsertMachine, MachineParameters, m.ProviderId, m.InstanceId, m.Group,
                        m.Status.Name(), launched, m.Protected, m.Quarantined, text)
                    : Write(
                        Statements.UpdateMachine, MachineUpdateParameters, m.ProviderId, m.Group, m.Status.Name(),
                        launched, m.Protected, m.Quarantined, text);
            },
            progress);
    }

    public void DeleteMachines(IEnumerable<string> providerIds) =>
        WriteBatches(providerIds, id => Write(Statements.DeleteMachine, ["$id"], id));

    /// <summary>Machines that shut down, as last listed or as the collector terminated them.</summary>
    public IReadOnlyList<TerminatingMachine> FindTerminating() => Query(
        Queries.Terminating, [], [],
        row => new TerminatingMachine(
            row.GetString(0), row.GetString(1), Statement.Text(row, 2),
            GoTime.TryParse(Statement.Text(row, 3), out var since) ? since : null));

    /// <summary>Machines without a row, and machines that are marked so and have one by now.</summary>
    public IReadOnlyList<RowlessMachine> FindRowless()
    {
        var groups = new Dictionary<string, string>();
        var now = Query(Queries.Rowless, [], [], row => row.GetString(0)).ToHashSet();
        return
        [
            .. Query(
                Queries.MarkedRowless, ["$providers"], [JsonSerializer.Serialize(now)],
                row => RowReader.Machine(row, groups))
                .Select(machine => new RowlessMachine(machine, now.Contains(machine.ProviderId))),
        ];
    }

    public void SetRowless(IEnumerable<string> providerIds, bool rowless) => WriteBatches(
        providerIds, id => Write(Statements.SetRowless, ["$id", "$rowless"], id, rowless ? 1 : 0));

    /// <summary>Instance ids that more than one machine carries, and how many do.</summary>
    public IReadOnlyList<(string InstanceId, int Machines)> FindDuplicateIds() =>
        Query(Queries.DuplicateIds, [], [], row => (row.GetString(0), row.GetInt32(1)));

    /// <summary>Machines that carry one of these ids, by id.</summary>
    public ILookup<string, string> FindCarriers(IEnumerable<string> instanceIds) => Query(
        Queries.Carriers, ["$ids"], [JsonSerializer.Serialize(instanceIds)],
        row => (Id: row.GetString(0), Provider: row.GetString(1))).ToLookup(row => row.Id, row => row.Provider);

    /// <summary>Rows that name one of these machines, also those that are marked as deleted, by provider id.</summary>
    public ILookup<string, string> FindIdsByProviders(IEnumerable<string> providerIds) => Query(
        Queries.IdsByProviders, ["$providers"], [JsonSerializer.Serialize(providerIds)],
        row => (Provider: row.GetString(0), Id: Statement.Text(row, 1) ?? ""))
        .ToLookup(row => row.Provider, row => row.Id);
}
