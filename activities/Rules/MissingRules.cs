namespace Nstance.Temporal.Activities.Rules;

/// <summary>The cloud's answer by id about a machine that is missing in a complete listing.</summary>
internal enum MissingMachine
{
    Unknown = 0, // the cloud did not answer
    NotFound, // the cloud says that it does not exist
    Terminated, // the cloud still shows it as terminated
    LostTags, // it exists, without the tags of this shard
    Alive, // it exists and is ours: the listing was late or incomplete
}

/// <summary>Rules for active rows whose machine is missing in a complete listing.</summary>
internal static class MissingRules
{
    public static MissingMachine Of(CloudInstance? found, bool notFound, ShardRef shard) => found switch
    {
        null => notFound ? MissingMachine.NotFound : MissingMachine.Unknown,
        { Status: InstanceStatus.Deleted } => MissingMachine.Terminated,
        _ => found.IsOwn(shard) ? MissingMachine.Alive : MissingMachine.LostTags,
    };

    /// <summary>True if the row is old enough for a listing to name its machine.</summary>
    public static bool IsSettled(InstanceRow row, PhaseInput input)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        return row.Issued < settled && row.CreatedAt < settled && !(row.UpdatedAt >= settled);
    }

    /// <summary>
    /// Returns <see cref="VerdictKind.CleanUp"/> to mark a row as deleted. The <paramref name="carrier"/> is another
    /// machine with the row's id.
    /// </summary>
    public static Verdict Judge(InstanceRow row, MissingMachine machine, MachineRow? alive, string? carrier) =>
        machine switch
        {
            MissingMachine.NotFound or MissingMachine.Terminated when carrier is not null => Verdict.Skip(
                $"its machine {row.ProviderId} is gone, and {carrier} carries its id; manual review required"),
            MissingMachine.NotFound => new(VerdictKind.CleanUp, "not listed, and not found by id"),
            MissingMachine.Terminated => new(VerdictKind.CleanUp, "terminated"),
            MissingMachine.LostTags => Verdict.Skip("not listed: no longer tagged as ours"),
            MissingMachine.Alive when alive!.InstanceId != row.Id =>
                Verdict.Skip($"its machine is tagged as {alive.InstanceId}"),
            MissingMachine.Alive => Verdict.Skip($"not listed, but the cloud says {alive!.Status.Name()}"),
            _ => Verdict.Skip("not listed; the cloud could not say more"),
        };

    /// <summary>
    /// Returns whether to mark a row whose machine is tagged as another instance. That instance must have an active row
    /// for the machine, or a changed tag would make it an orphan. No machine may carry the row's id.
    /// </summary>
    public static Verdict JudgeReplaced(InstanceRow row, string tag, InstanceRow? owner, bool isCarried) =>
        !isCarried && owner is { DeletedAt: null, NamesMachine: true } && owner.ProviderId == row.ProviderId
            ? new(VerdictKind.CleanUp, $"its machine belongs to {tag}")
            : Verdict.Skip($"its machine is tagged as {tag}");
}
