namespace Nstance.Temporal.Activities.Rules;

/// <summary>What the cloud, asked by id, says of a machine that a complete listing does not name.</summary>
internal enum MissingMachine
{
    /// <summary>The cloud did not answer.</summary>
    Unknown = 0,

    /// <summary>The cloud says that it does not exist.</summary>
    NotFound,

    /// <summary>The cloud still shows it as terminated.</summary>
    Terminated,

    /// <summary>It exists, without the tags of this shard.</summary>
    LostTags,

    /// <summary>It exists and is ours: the listing was late or cut.</summary>
    Alive,
}

/// <summary>Rules for live rows whose machine a complete listing does not name.</summary>
internal static class MissingRules
{
    public static MissingMachine Of(CloudInstance? found, bool notFound, ShardRef shard) => found switch
    {
        null => notFound ? MissingMachine.NotFound : MissingMachine.Unknown,
        { Status: InstanceStatus.Deleted } => MissingMachine.Terminated,
        _ => found.IsOwn(shard) ? MissingMachine.Alive : MissingMachine.LostTags,
    };

    /// <summary>True: the row is old enough for a listing to name its machine.</summary>
    public static bool IsSettled(InstanceRow row, PhaseInput input)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        return row.Issued < settled && row.CreatedAt < settled && !(row.UpdatedAt >= settled);
    }

    /// <summary>Whether to mark a row as deleted.</summary>
    /// <param name="row">A live row that names a machine.</param>
    /// <param name="machine">What the cloud says of it.</param>
    /// <param name="alive">The machine, if it is alive.</param>
    /// <param name="carrier">Another machine that carries the row's id; null: none.</param>
    /// <returns><see cref="VerdictKind.CleanUp"/> to mark it; else <see cref="VerdictKind.Skip"/>.</returns>
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
    /// Whether to mark a row whose machine is tagged as another instance: only when that instance has a live row of its
    /// own for the machine, else a changed tag would orphan it, and no machine carries the row's id.
    /// </summary>
    public static Verdict JudgeReplaced(InstanceRow row, string tag, InstanceRow? owner, bool isCarried) =>
        !isCarried && owner is { DeletedAt: null, NamesMachine: true } && owner.ProviderId == row.ProviderId
            ? new(VerdictKind.CleanUp, $"its machine belongs to {tag}")
            : Verdict.Skip($"its machine is tagged as {tag}");
}
