using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>A row of a table test: evidence, and the verdict as <see cref="RuleWorld.Text"/> writes it.</summary>
internal sealed record RuleCase(Evidence Now, string Expected)
{
    public PhaseInput Input { get; init; } = RuleWorld.Input;
}

/// <summary>
/// One instance: row, machine and record agree that it was issued an hour ago and never registered. Tests change one
/// fact with a <c>with</c> expression.
/// </summary>
internal static class RuleWorld
{
    public const string Id = "knc06bgm7733st2576nx5jht4ecjw";
    public const string ProviderId = "i-1";

    /// <summary>What <see cref="Text"/> says of a check that leaves the decision to the next one.</summary>
    public const string GoOn = "go on";

    /// <summary>A Monday.</summary>
    public static readonly DateTimeOffset AsOf = new(2026, 11, 23, 18, 40, 0, TimeSpan.Zero);
    public static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    /// <summary>The smallest step on either side of a boundary.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    /// <summary>The registration timeout is 5 minutes, the settle time and the health interval are 1 minute.</summary>
    public static PhaseInput Input { get; } = new(Shard, AsOf, new ShardTimings());

    public static InstanceRow Row { get; } = new()
    {
        Id = Id,
        Tenant = "acme",
        Group = "web",
        ProviderId = ProviderId,
        NamesMachine = true,
        IssuedAt = At(-60),
        CreatedAt = At(-60),
    };

    public static CloudInstance Machine { get; } = new(
        ProviderId, "running", InstanceStatus.Running, At(-60), "a", null, null, null,
        new Dictionary<string, string>
        {
            [CloudTags.Managed] = "true",
            [CloudTags.ClusterId] = Shard.Cluster,
            [CloudTags.Shard] = Shard.Shard,
            [CloudTags.InstanceId] = Id,
            [CloudTags.Group] = "web",
        });

    public static InstanceRecord Recorded { get; } = new()
    {
        InstanceId = InstanceId.TryParse(Id, out var id) ? id : throw new InvalidOperationException(Id),
        Tenant = "acme",
        Group = "web",
        ProviderId = ProviderId,
        Status = InstanceStatus.Running,
    };

    public static Evidence Now { get; } = new()
    {
        Row = Row,
        Instance = Machine,
        Record = Found(Recorded),
        Tenant = "acme",
        RecordKey = "key",
        CloudTime = AsOf,
    };

    /// <summary>A row without a machine: neither row, cloud nor record names one.</summary>
    public static Evidence Unnamed { get; } = new()
    {
        Row = Row with { ProviderId = null, NamesMachine = false },
        Tagged = [],
        Record = Found(Recorded with { ProviderId = null }),
        Tenant = "acme",
    };

    /// <summary>Returns the cycle's time plus some minutes.</summary>
    public static DateTimeOffset At(double minutes) => AsOf.AddMinutes(minutes);

    public static RecordRead Found(InstanceRecord record) => new RecordRead.Found(record, "etag");

    public static RecordRead Missing() => new RecordRead.Missing();

    public static RecordRead Invalid() => new RecordRead.Invalid("is not UTF-8");

    /// <summary>Returns the machine in a state, with EC2's name of the state.</summary>
    public static CloudInstance In(InstanceStatus status, string providerId = ProviderId) => Machine with
    {
        ProviderId = providerId,
        Status = status,
        State = status switch
        {
            InstanceStatus.Deleting => "shutting-down",
            InstanceStatus.Deleted => "terminated",
            _ => status.Name(),
        },
    };

    /// <summary>Returns the machine with another value of a tag; null removes the tag.</summary>
    public static CloudInstance Tagged(string tag, string? value)
    {
        var tags = new Dictionary<string, string>(Machine.Tags);
        tags.Remove(tag);
        if (value is not null) tags[tag] = value;
        return Machine with { Tags = tags };
    }

    public static PhaseInput WithGrace(DateTimeOffset since) => Input with { Grace = new(since, "host two took over") };

    public static string Text(Verdict? verdict) => verdict is null ? GoOn : $"{verdict.Kind}: {verdict.Why}";
}
