namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Which host a shard should have, and when it loses that host. Pure.</summary>
internal static class HostRules
{
    /// <summary>
    /// Failed syncs in a row after which a host is given up. Each one has already retried for minutes: one may be an
    /// outage that every host sees, three on a host that others may outdo are a fault of the host.
    /// </summary>
    public const int MaxFailedSyncs = 3;

    /// <summary>
    /// A host without nstance's database sees no reports of health. After this time with such a host, the shard looks
    /// for one with the database, if there ever was one. Looking costs <c>HostOrder.MaxWait</c>.
    /// </summary>
    public static readonly TimeSpan LookForShared = TimeSpan.FromHours(1);

    /// <summary>Input of an acquire: which host goes first, and which goes last.</summary>
    public static AcquireShardInput Input(CollectorState collector, DateTimeOffset now, GcSettings settings) =>
        new(
            collector.Shard, now, collector.State.LastHost, settings, collector.State.HasSharedHost,
            collector.State.GivenUpHost);

    public static GcState Acquired(GcState state, AcquireShardResult host, DateTimeOffset now) => state with
    {
        Host = host with { Problems = [] },
        LastHost = host.Host,
        HasSharedHost = state.HasSharedHost || host.SharedDatabase,
        AcquiredAt = now,
        NoLeaderSince = null,
        FailedSyncs = 0,
        GivenUpHost = null,
    };

    public static GcState NotAcquired(GcState state, ActivityFault? fault, DateTimeOffset asOf) => state with
    {
        NoLeaderSince = fault is { NoLeader: true } ? state.NoLeaderSince ?? asOf : null,
    };

    /// <summary>True: a host with nstance's database may be back.</summary>
    public static bool LooksForShared(GcState state, DateTimeOffset asOf) =>
        state is { HasSharedHost: true, Host.SharedDatabase: false } && asOf - state.AcquiredAt > LookForShared;

    /// <summary>Why the host in use is given up; null: it is kept.</summary>
    public static string? WhyGivenUp(GcState state) => state.Host is not null && state.FailedSyncs >= MaxFailedSyncs
        ? $"failed {state.FailedSyncs} syncs in a row and is given up" : null;
}
