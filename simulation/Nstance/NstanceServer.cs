namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>What nstance's server reaches outside of its database.</summary>
internal interface INstanceCloud
{
    /// <summary>Returns whether the machine exists and does not shut down.</summary>
    bool IsAlive(string providerId);

    /// <summary>Terminates a machine, whatever its tags say.</summary>
    /// <returns>False: the cloud refused, or does not know the machine.</returns>
    bool Terminate(string providerId);

    /// <summary>Returns whether the bucket holds a record with a registration, of which nstance makes a row.</summary>
    bool IsRecorded(string instanceId);

    /// <summary>Deletes the instance's record; a missing one counts as deleted.</summary>
    void DeleteRecord(string instanceId);
}

/// <summary>
/// nstance's server over the database that it shares with the collector, and over a shadow of it: a database in memory
/// that only nstance writes. What nstance terminates by the file and not by the shadow, it terminates because of rows
/// that the collector wrote. Its own collector terminates what has not registered within the timeout.
/// </summary>
internal sealed class NstanceServer(
    string path, NstanceGeneration generation, INstanceCloud cloud, TimeSpan registrationTimeout,
    bool hasUnknownColumns = false) : IDisposable
{
    private readonly NstanceDatabase _shadow = new(":memory:", generation, hasUnknownColumns);
    private readonly List<string> _misled = [];

    /// <summary>Gets the shared file. Reports of health go there alone: no termination depends on them.</summary>
    public NstanceDatabase File { get; } = new(path, generation, hasUnknownColumns);

    /// <summary>
    /// Gets what the collector's writes made nstance do: terminations of running machines, failed cycles, and
    /// replacements of instances that run.
    /// </summary>
    public IReadOnlyList<string> Misled => _misled;

    /// <summary>Applies a write of nstance to the file and to the shadow.</summary>
    public void Write(Action<NstanceDatabase> write)
    {
        write(File);
        write(_shadow);
    }

    /// <summary>Runs one cycle of nstance's own collector.</summary>
    public NstanceOutcome Collect(DateTimeOffset now) =>
        Act(rows => NstanceDecisions.Collect(rows, now - registrationTimeout), now);

    /// <summary>Scales all groups to their desired sizes.</summary>
    public NstanceOutcome Scale(IReadOnlyDictionary<NstanceGroup, int> desired, DateTimeOffset now) =>
        Act(rows => NstanceDecisions.Scale(generation, rows, desired), now);

    /// <summary>Returns the sizes at which nothing is to scale: what nstance itself put into each group.</summary>
    public Dictionary<NstanceGroup, int> Sizes(DateTimeOffset now)
    {
        AcceptMarks(File.Live(), now);
        var members = _shadow.Live().Where(row => !row.OnDemand);
        return members.CountBy(row => new NstanceGroup(row.Tenant, row.Group!)).ToDictionary();
    }

    public void Dispose()
    {
        File.Dispose();
        _shadow.Dispose();
    }

    /// <summary>Returns whether it is a whole row of a recorded instance, in which nothing makes nstance act.</summary>
    private bool IsRebuilt(NstanceRow row) =>
        row is { IsRegistered: true, Tenant.Length: > 0, Group.Length: > 0, ProviderId.Length: > 0 }
        && row.InfraConfigHash is not null && cloud.IsRecorded(row.Id)
        && row.ProviderState?.Contains("\"status\":\"running\"", StringComparison.Ordinal) is true;

    private NstanceOutcome Act(Func<IReadOnlyList<NstanceRow>, NstanceOutcome> decide, DateTimeOffset now)
    {
        var live = File.Live();
        AcceptMarks(live, now);
        var decided = decide(live);
        var byShadow = decide(_shadow.Live());
        if (decided.Failure is { } failure && byShadow.Failure is null) _misled.Add(failure);
        if (decided.Missing > byShadow.Missing && decided.Failure is null)
            _misled.Add($"{decided.Missing - byShadow.Missing} replacements of instances that run");
        var own = byShadow.Terminations.Select(t => t.InstanceId).ToHashSet(StringComparer.Ordinal);
        var done = new List<NstanceTermination>();
        foreach (var termination in decided.Terminations)
        {
            var (id, provider, why) = termination;
            if (provider is not null && cloud.IsAlive(provider) && !own.Contains(id))
                _misled.Add($"{why} {id} ({provider})");
            if (provider is not null && !cloud.Terminate(provider)) continue; // As nstance: the next cycle tries again.
            cloud.DeleteRecord(id);
            Write(database => database.MarkDeleted(id, now));
            done.Add(termination);
        }

        return decided with { Terminations = done };
    }

    /// <summary>
    /// The collector may mark and delete rows of instances that are gone: they leave the shadow too. It may also add
    /// the row that nstance itself makes of a record at its next election.
    /// </summary>
    private void AcceptMarks(IReadOnlyList<NstanceRow> live, DateTimeOffset now)
    {
        var known = _shadow.Ids();
        var rebuilt = live.Where(row => !known.Contains(row.Id) && IsRebuilt(row));
        _shadow.Insert([.. rebuilt.Select(row => new NstanceInstance(row.Id, row.Tenant, row.Group, now)
        {
            ProviderId = row.ProviderId,
            RegisteredAt = now,
            InfraConfigHash = row.InfraConfigHash,
        })]);
        var ids = live.Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var row in _shadow.Live().Where(row => !ids.Contains(row.Id)))
        {
            if (row.ProviderId is null || !cloud.IsAlive(row.ProviderId)) _shadow.MarkDeleted(row.Id, now);
        }

        _shadow.Purge(now);
    }
}
