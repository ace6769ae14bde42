namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The cloud, as far as the collector needs it. Every answer is complete or a <see cref="CloudException"/>: unknown is
/// never gone. All calls are safe to retry.
/// </summary>
internal interface ICloud
{
    /// <summary>
    /// Pages of own instances that are not terminated, each instance once, in any order. Enumerating to the end without
    /// exception is the proof that the listing was complete.
    /// </summary>
    /// <param name="shard">Whose instances.</param>
    /// <param name="expected">About how many there are: a large fleet may be listed in parts, side by side.</param>
    /// <param name="cancellationToken">Ends it.</param>
    IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, CancellationToken cancellationToken);

    /// <summary>Asks for a few of the shard's instances, to see that the cloud answers. Changes nothing.</summary>
    Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken);

    /// <summary>
    /// Looks at instances by provider id, whoever owns them. Each id is in exactly one part of the answer.
    /// </summary>
    Task<DescribeResult> DescribeAsync(IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken);

    /// <summary>Own instances, in any state, that carry one of these instance ids as tag.</summary>
    Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);

    /// <summary>
    /// Ends exactly these instances, by provider id; an answer for each. Throws only when cancelled: what could not be
    /// ended is <see cref="TerminateOutcome.Failed"/> with its reason.
    /// </summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken);

    /// <summary>
    /// Of these, the ones whose end the cloud would refuse (<see cref="TerminateOutcome.Protected"/>), and the ones of
    /// which that could not be asked (<see cref="TerminateOutcome.Failed"/>). Looks only: one call for each. Throws
    /// only when cancelled.
    /// </summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken);

    /// <summary>
    /// Tags exactly these instances with <see cref="CloudTags.GcQuarantined"/> and stops them; an answer for each. One
    /// that is protected against ending is not stopped either. Throws only when cancelled.
    /// </summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>
    /// Takes an instance out of quarantine: protected by tag first, then started, then the tag of the quarantine
    /// removed; protected last when it has all the tags that it may have.
    /// </summary>
    Task ReleaseAsync(string providerId, DateTimeOffset protectedUntil, CancellationToken cancellationToken);
}

/// <summary>Answer to a describe by id.</summary>
/// <param name="Found">By provider id; terminated ones too, while the cloud still shows them.</param>
/// <param name="NotFound">The cloud said that these do not exist.</param>
/// <param name="Unknown">The cloud could not say, and why. No evidence of anything.</param>
internal sealed record DescribeResult(
    IReadOnlyDictionary<string, CloudInstance> Found,
    IReadOnlySet<string> NotFound,
    IReadOnlyDictionary<string, string> Unknown)
{
    /// <summary>The cloud's own time when it answered; the earliest of several answers. Null: it gave none.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>What became of an instance that was to be ended.</summary>
internal enum TerminateOutcome
{
    /// <summary>Not ended, as far as we know.</summary>
    Failed = 0,

    /// <summary>The cloud is ending it.</summary>
    Terminated,

    /// <summary>The cloud says that it does not exist.</summary>
    AlreadyGone,

    /// <summary>Termination protection; not ended.</summary>
    Protected,

    /// <summary>Tagged and stopped.</summary>
    Quarantined,
}

/// <summary>
/// Outcome for one instance; <see cref="Why"/> for all but <see cref="TerminateOutcome.Terminated"/> and <see
/// cref="TerminateOutcome.Quarantined"/>.
/// </summary>
internal readonly record struct TerminateResult(TerminateOutcome Outcome, string? Why)
{
    /// <summary>True: the cloud refused or failed the whole call, whichever instances it named.</summary>
    public bool IsOutage { get; init; }
}
