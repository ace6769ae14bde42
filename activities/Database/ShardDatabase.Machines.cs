using System.Text.Json;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Database;

internal readonly record struct RowlessMachine(MachineRow Machine, bool IsRowless);

/// <summary><c>gc_machines</c>: the cloud's state, as last listed.</summary>
internal sealed partial class ShardDatabase
{
    public Dictionary<string, MachineRow> LoadMachines()
    {
        var groups = new Dictionary<string, string>();
        return Query(Queries.Machines, row => RowReader.Machine(row, groups)).ToDictionary(m => m.ProviderId);
    }

    /// <summary>
    /// Writes what a listing changed, in the order of the table, so that each page of the file is written once. Calls
    /// <paramref name="progress"/> after each batch.
    /// </summary>
    public void WriteMachines(List<MachineChange> changes, DateTimeOffset at, Action? progress = null)
    {
        var text = GoTime.Format(at);
        changes.Sort(static (a, b) => string.CompareOrdinal(a.Machine.ProviderId, b.Machine.ProviderId));
        WriteBatches(
            changes,
            change =>
            {
                var m = change.Machine;
                return change.IsInsert
                    ? Write(
                        Statements.InsertMachine, ("$id", m.ProviderId), ("$instance", m.InstanceId),
                        ("$group", m.Group), ("$status", m.Status.Name()), ("$launched", m.LaunchedMs), ("$at", text))
                    : Write(
                        Statements.UpdateMachine, ("$id", m.ProviderId), ("$group", m.Group),
                        ("$status", m.Status.Name()), ("$launched", m.LaunchedMs), ("$at", text));
            },
            progress);
    }

    public void DeleteMachines(IEnumerable<string> providerIds) =>
        WriteBatches(providerIds, id => Write(Statements.DeleteMachine, ("$id", id)));

    /// <summary>Machines that shut down, as last listed or because the collector terminated them.</summary>
    public IReadOnlyList<TerminatingMachine> FindTerminating() => Query(
        Queries.Terminating,
        row => new TerminatingMachine(
            row.GetString(0), row.GetString(1), Statement.Text(row, 2),
            GoTime.TryParse(Statement.Text(row, 3), out var since) ? since : null));

    /// <summary>Rows of every kind that may be garbage. A rule must judge each by fresh evidence.</summary>
    public CandidateRows FindCandidates(PhaseInput input, IReadOnlyList<TerminatingMachine> terminating) => new(
        input, FindUnhealthy(), FindUnregistered(Deadlines.Deadline(input), input.AsOf), FindRowlessInstances(),
        FindDeletedButRunning(input.AsOf - input.Timings.SettleTime), FindUnnamed(), terminating);

    /// <summary>Machines without a row, and machines that are marked as rowless but have a row now.</summary>
    public IReadOnlyList<RowlessMachine> FindRowless()
    {
        var groups = new Dictionary<string, string>();
        var now = Query(Queries.Rowless, row => row.GetString(0)).ToHashSet();
        return Query(
            Queries.MarkedRowless, row => RowReader.Machine(row, groups), ("$providers", JsonSerializer.Serialize(now)))
            .ConvertAll(machine => new RowlessMachine(machine, now.Contains(machine.ProviderId)));
    }

    public void SetRowless(IEnumerable<string> providerIds, bool rowless) => WriteBatches(
        providerIds, id => Write(Statements.SetRowless, ("$id", id), ("$rowless", rowless ? 1 : 0)));

    public IReadOnlyList<(string InstanceId, int Machines)> FindDuplicateIds() =>
        Query(Queries.DuplicateIds, row => (row.GetString(0), row.GetInt32(1)));

    public ILookup<string, string> FindCarriers(IEnumerable<string> instanceIds) => Query(
        Queries.Carriers, row => (Id: row.GetString(0), Provider: row.GetString(1)),
        ("$ids", JsonSerializer.Serialize(instanceIds))).ToLookup(row => row.Id, row => row.Provider);

    /// <summary>Ids of the rows, deleted or not, that name one of these machines, by provider id.</summary>
    public ILookup<string, string> FindIdsByProviders(IEnumerable<string> providerIds) => Query(
        Queries.IdsByProviders, row => (Provider: row.GetString(0), Id: Statement.Text(row, 1) ?? ""),
        ("$providers", JsonSerializer.Serialize(providerIds)))
        .ToLookup(row => row.Provider, row => row.Id);
}
