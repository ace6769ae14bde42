namespace Nstance.Temporal.Activities.Rules;

/// <summary>A row marked as deleted, and a running machine that carries its id.</summary>
internal readonly record struct RunningMachine(InstanceRow Row, string ProviderId);

/// <summary>
/// Rows that may be garbage, by reason. Rows with invalid or conflicting data are in <see cref="Invalid"/> and
/// <see cref="Conflicts"/>.
/// </summary>
/// <param name="Input">The phase that judges them.</param>
/// <param name="UnhealthyRows">Active rows whose machine, or whose record as last read, is unhealthy.</param>
/// <param name="UnregisteredRows">Active rows that never registered: past the deadline, or with invalid times.</param>
/// <param name="RowlessMachines">Machines without a row, with their records if any is known.</param>
/// <param name="DeletedRows">Rows marked as deleted before the settle time, and the machines with their ids.</param>
/// <param name="UnnamedRows">Active rows that name no machine.</param>
/// <param name="Terminating">
/// Machines that shut down. They are not candidates, because another termination changes nothing. The sync marks their
/// rows when the cloud says that they are terminated.
/// </param>
internal sealed record CandidateRows(
    PhaseInput Input, IReadOnlyList<InstanceRow> UnhealthyRows, IReadOnlyList<InstanceRow> UnregisteredRows,
    IReadOnlyList<InstanceRow> RowlessMachines, IReadOnlyList<RunningMachine> DeletedRows,
    IReadOnlyList<InstanceRow> UnnamedRows, IReadOnlyList<TerminatingMachine> Terminating)
{
    /// <summary>Includes recorded machines whose row nstance lost: unhealthy ones, and those that it deletes.</summary>
    public IEnumerable<InstanceRow> Unhealthy => UnhealthyRows.Concat(
        Recorded.Where(row => row.MachineStatus.IsUnhealthy() || row.RecordStatus.IsUnhealthy()));

    public IEnumerable<InstanceRow> Dangling => Unregistered.Where(row => row.ProviderId is not null).Concat(
        Recorded.Where(row => row.RegisteredAt is null && row.Issued < Deadline));

    public IEnumerable<InstanceRow> Orphans =>
        RowlessMachines.Where(row => row.IsOrphan && row.Issued < Deadline && row.Issued < Settled);

    public IEnumerable<InstanceRow> DeletedButRunning =>
        DeletedRows.Where(found => found.Row.ProviderId == found.ProviderId).Select(found => found.Row);

    public IEnumerable<InstanceRow> PreInserts => Unregistered.Where(row => row.ProviderId is null);

    /// <summary>Registered, without recent reports, and no known machine carries the id.</summary>
    public IEnumerable<InstanceRow> WithoutMachine => Unnamed.Where(row =>
        row.InvalidColumns.Length == 0 && row.LastSign < Deadlines.SilentSince(Input));

    /// <summary>One sentence for each row with an invalid time.</summary>
    public IEnumerable<string> Invalid => UnregisteredRows.Concat(Unnamed)
        .Select(row => row.InvalidTimes(Input.AsOf)).OfType<string>();

    /// <summary>One sentence for each row that is marked as deleted and whose id another machine carries.</summary>
    public IEnumerable<string> Conflicts => DeletedRows
        .Where(found => found.Row.ProviderId != found.ProviderId)
        .Select(found => $"row {found.Row.Id}, marked deleted, names {found.Row.ProviderId ?? "no machine"}, "
            + $"and {found.ProviderId} carries its id; manual review required");

    private DateTimeOffset Deadline => Deadlines.Deadline(Input);

    private DateTimeOffset Settled => Input.AsOf - Input.Timings.SettleTime;

    private IEnumerable<InstanceRow> Unregistered =>
        UnregisteredRows.Where(row => row.InvalidTimes(Input.AsOf) is null);

    private IEnumerable<InstanceRow> Unnamed =>
        UnnamedRows.Where(row => row.RegisteredAt is not null && row.Carriers == 0);

    private IEnumerable<InstanceRow> Recorded => RowlessMachines.Where(row => row.HasRecord);

    /// <summary>
    /// Returns the candidates of a reason, by id. The sync reports an id that several machines carry.
    /// </summary>
    public IReadOnlyList<Candidate> Of(Reason reason)
    {
        var terminating = Terminating.Select(machine => machine.ProviderId).ToHashSet();
        return
        [
            .. reason.Find(this)
                .Where(row => row.ProviderId is not { } provider || !terminating.Contains(provider))
                .GroupBy(row => row.Id)
                .Where(same => same.Count() == 1)
                .OrderBy(same => same.Key, StringComparer.Ordinal)
                .Select(same => new Candidate(same.Single(), reason.Id)),
        ];
    }
}
