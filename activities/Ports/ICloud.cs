namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The cloud of a shard. Every answer is complete or a <see cref="CloudException"/>, so that a machine of unknown state
/// never counts as gone. All calls are safe to retry.
/// </summary>
internal interface ICloud
{
    /// <summary>
    /// Lists own instances that are not terminated, each once, in any order. Complete when the enumeration ends without
    /// an exception. A large number of <paramref name="expected"/> instances may be listed in parallel parts.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(ShardRef shard, int expected, CancellationToken ct);

    /// <summary>Asks for a few of the shard's instances, to check that the cloud answers.</summary>
    Task ProbeAsync(ShardRef shard, CancellationToken ct);

    /// <summary>Describes instances by provider id, also foreign ones. Each id is in one part of the answer.</summary>
    Task<DescribeResult> DescribeAsync(IReadOnlyCollection<string> providerIds, CancellationToken ct);

    /// <summary>Returns own instances, in any state, that carry one of these instance ids as tag.</summary>
    Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken ct);

    /// <summary>Terminates instances; returns a result for each by provider id. Throws only when cancelled.</summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken ct);

    /// <summary>
    /// Returns the instances that the cloud would refuse to terminate (<see cref="TerminateOutcome.Protected"/>), and
    /// those whose protection is unknown (<see cref="TerminateOutcome.Failed"/>). At least one call for each instance.
    /// Throws only when cancelled.
    /// </summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken ct);

    /// <summary>
    /// Tags instances with a <see cref="QuarantineTag"/> and stops them; returns a result for each. It does not stop an
    /// instance with termination protection. An instance that the cloud can never stop runs on in quarantine; another
    /// failure is <see cref="TerminateOutcome.Failed"/>, and a retry is safe. Throws only when cancelled.
    /// </summary>
    Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken ct);

    /// <summary>
    /// Takes an instance out of quarantine: protects it by tag, starts it unless it runs, removes the tag of the
    /// quarantine. An instance with the maximum number of tags is protected last.
    /// </summary>
    Task ReleaseAsync(CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken ct);
}

/// <summary>Answer to a describe by id.</summary>
/// <param name="Found">By provider id; also terminated instances, while the cloud shows them.</param>
/// <param name="NotFound">The cloud said that these do not exist.</param>
/// <param name="Unknown">The cloud gave no answer about these, and the reason. They are not evidence.</param>
internal sealed record DescribeResult(
    IReadOnlyDictionary<string, CloudInstance> Found,
    IReadOnlySet<string> NotFound,
    IReadOnlyDictionary<string, string> Unknown)
{
    /// <summary>The cloud's time of its earliest answer; null if it gave none.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Outcome of the termination or quarantine of one instance.</summary>
internal enum TerminateOutcome
{
    Failed = 0, // not known to be terminated or stopped
    Terminated, // the cloud terminates it
    AlreadyGone, // the cloud says that it does not exist
    Protected, // termination protection is on
    Quarantined, // tagged and stopped
}

/// <summary>Outcome for one instance, and the reason of a failure, a refusal or a surprise.</summary>
internal readonly record struct TerminateResult(TerminateOutcome Outcome, string? Why)
{
    /// <summary>True if the whole call failed, independent of its instances.</summary>
    public bool IsOutage { get; init; }
}
