namespace Nstance.Temporal.Activities.Rules;

/// <summary>The queries for candidates. The shard's file answers them.</summary>
internal interface ICandidateSource
{
    /// <summary>Active rows whose machine, or whose record as last read, is unhealthy.</summary>
    IReadOnlyList<InstanceRow> FindUnhealthy();

    /// <summary>Active rows that never registered, issued before a time or with invalid times.</summary>
    IReadOnlyList<InstanceRow> FindUnregistered(DateTimeOffset issuedBefore, DateTimeOffset asOf);

    /// <summary>Machines without a row, with their records if any is known.</summary>
    IReadOnlyList<InstanceRow> FindRowlessInstances();

    /// <summary>Rows marked as deleted before a time, and the running machine that carries their id.</summary>
    IReadOnlyList<RunningMachine> FindDeletedButRunning(DateTimeOffset deletedBefore);

    /// <summary>Active rows that name no machine.</summary>
    IReadOnlyList<InstanceRow> FindUnnamed();

    /// <summary>Machines that shut down.</summary>
    IReadOnlyList<TerminatingMachine> FindTerminating();
}

/// <summary>A row marked as deleted, and a running machine that carries its id.</summary>
internal readonly record struct RunningMachine(InstanceRow Row, string ProviderId);

/// <summary>
/// Rows that may be garbage, by reason. Each query runs at most once in a cycle. Rows with invalid or conflicting data
/// are in <see cref="Invalid"/> and <see cref="Conflicts"/>.
/// </summary>
internal sealed class CandidateRows
{
    private readonly ICandidateSource _source;
    private readonly PhaseInput _input;
    private readonly Lazy<IReadOnlyList<InstanceRow>> _unregistered;
    private readonly Lazy<IReadOnlyList<InstanceRow>> _unnamed;
    private readonly Lazy<IReadOnlyList<InstanceRow>> _rowless;
    private readonly Lazy<IReadOnlyList<RunningMachine>> _deleted;
    private readonly Lazy<HashSet<string>> _terminating;

    public CandidateRows(ICandidateSource source, PhaseInput input)
    {
        _source = source;
        _input = input;
        _unregistered = new(() => source.FindUnregistered(Deadline, input.AsOf));
        _unnamed = new(source.FindUnnamed);
        _rowless = new(source.FindRowlessInstances);
        _deleted = new(() => source.FindDeletedButRunning(Settled));
        Terminating = source.FindTerminating();
        _terminating = new(() => [.. Terminating.Select(machine => machine.ProviderId)]);
    }

    /// <summary>
    /// Machines that shut down. They are not candidates, because another termination changes nothing. The sync marks
    /// their rows when the cloud says that they are terminated.
    /// </summary>
    public IReadOnlyList<TerminatingMachine> Terminating { get; }

    /// <summary>Includes recorded machines whose row nstance lost: unhealthy ones, and those that it deletes.</summary>
    public IEnumerable<InstanceRow> Unhealthy => _source.FindUnhealthy().Concat(
        Recorded.Where(row => row.MachineStatus.IsUnhealthy() || row.RecordStatus.IsUnhealthy()));

    public IEnumerable<InstanceRow> Dangling => Unregistered.Where(row => row.ProviderId is not null).Concat(
        Recorded.Where(row => row.RegisteredAt is null && row.Issued < Deadline));

    public IEnumerable<InstanceRow> Orphans =>
        _rowless.Value.Where(row => row.IsOrphan && row.Issued < Deadline && row.Issued < Settled);

    public IEnumerable<InstanceRow> DeletedButRunning =>
        _deleted.Value.Where(found => found.Row.ProviderId == found.ProviderId).Select(found => found.Row);

    public IEnumerable<InstanceRow> PreInserts => Unregistered.Where(row => row.ProviderId is null);

    /// <summary>Registered, without recent reports, and no known machine carries the id.</summary>
    public IEnumerable<InstanceRow> WithoutMachine => Unnamed.Where(row =>
        row.InvalidColumns.Count == 0 && row.LastSign < Deadlines.SilentSince(_input));

    /// <summary>One sentence for each row with an invalid time.</summary>
    public IEnumerable<string> Invalid => _unregistered.Value.Concat(Unnamed)
        .Select(row => RowRules.InvalidTimes(row, _input.AsOf)).OfType<string>();

    /// <summary>One sentence for each row that is marked as deleted and whose id another machine carries.</summary>
    public IEnumerable<string> Conflicts => _deleted.Value
        .Where(found => found.Row.ProviderId != found.ProviderId)
        .Select(found => $"row {found.Row.Id}, marked deleted, names {found.Row.ProviderId ?? "no machine"}, "
            + $"and {found.ProviderId} carries its id; manual review required");

    private DateTimeOffset Deadline => Deadlines.Deadline(_input);

    private DateTimeOffset Settled => _input.AsOf - _input.Timings.SettleTime;

    private IEnumerable<InstanceRow> Unregistered =>
        _unregistered.Value.Where(row => RowRules.InvalidTimes(row, _input.AsOf) is null);

    private IEnumerable<InstanceRow> Unnamed =>
        _unnamed.Value.Where(row => row.RegisteredAt is not null && row.Carriers == 0);

    private IEnumerable<InstanceRow> Recorded => _rowless.Value.Where(row => row.HasRecord);

    /// <summary>
    /// Returns the candidates of a reason, by id. The sync reports an id that several machines carry.
    /// </summary>
    public IReadOnlyList<Candidate> Of(Reason reason) =>
    [
        .. reason.Find(this)
            .Where(row => row.ProviderId is not { } provider || !_terminating.Value.Contains(provider))
            .GroupBy(row => row.Id)
            .Where(same => same.Count() == 1)
            .OrderBy(same => same.Key, StringComparer.Ordinal)
            .Select(same => new Candidate(same.Single(), reason.Id)),
    ];
}
