using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>A machine of the cloud with its whole past, so that the cloud can answer as of a moment ago.</summary>
internal sealed class ChaosMachine(string providerId, string zone, DateTimeOffset launched)
{
    private readonly List<(DateTimeOffset At, string State)> _states =
        [(launched, "pending"), (launched + TimeSpan.FromSeconds(20), "running")];

    public string ProviderId { get; } = providerId;

    public DateTimeOffset Launched { get; } = launched;

    public Dictionary<string, string> Tags { get; } = [];

    public bool ApiProtected { get; set; }

    /// <summary>Null: not launched yet, or terminated for an hour.</summary>
    public string? StateAt(DateTimeOffset time)
    {
        var last = _states.LastOrDefault(s => s.At <= time);
        return last.State == "terminated" && last.At < time - TimeSpan.FromHours(1) ? null : last.State;
    }

    public bool IsAlive(DateTimeOffset time) => StateAt(time) is "pending" or "running" or "stopping" or "stopped";

    public void Stop(DateTimeOffset now)
    {
        if (StateAt(now) is "pending" or "running") Go(now, "stopping", "stopped");
    }

    public void Start(DateTimeOffset now)
    {
        if (StateAt(now) is "stopping" or "stopped") Go(now, "pending", "running");
    }

    public void Terminate(DateTimeOffset now)
    {
        if (IsAlive(now)) Go(now, "shutting-down", "terminated");
    }

    public CloudInstance? SeenAt(DateTimeOffset time) => StateAt(time) is not { } state ? null : new(
        ProviderId, state, Ec2State.Parse(state), Launched, zone, null, null, null,
        new Dictionary<string, string>(Tags));

    private void Go(DateTimeOffset now, string first, string then)
    {
        _states.RemoveAll(s => s.At > now);
        _states.Add((now, first));
        _states.Add((now + TimeSpan.FromSeconds(40), then));
    }
}

/// <summary>An instance as the simulation knows it: the truth that the collector is judged by.</summary>
internal sealed class ChaosMember(int number, Lot lot, MemberId id, DateTimeOffset issued)
{
    public int Number { get; } = number;

    public Lot Lot { get; } = lot;

    public string Id { get; } = id.ToString();

    public string Key { get; } = $"shard/{Story.Shard.Shard}/instance/{Story.Tenant}.{id.StorageKey}.json";

    public string Group { get; } = Story.Group(number);

    public DateTimeOffset Issued { get; } = issued;

    public ChaosMachine? Machine { get; set; }

    public DateTimeOffset? RegisteredAt { get; set; }

    public DateTimeOffset? SilentSince { get; set; }

    public bool ServerDeletes { get; set; }

    public bool RecordRotten { get; set; }

    public bool RowRotten { get; set; }

    /// <summary>nstance itself terminated it, or marked its row while it knew of no machine.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>Known to nobody but the cloud.</summary>
    public bool CloudOnly => Lot is Lot.Orphan or Lot.Untagged or Lot.Foreign;

    public string Record(bool withProvider) => $$"""
        { "instance_id": "{{Id}}", "tenant": "{{Story.Tenant}}", "group": "{{Group}}", "status": "{{(ServerDeletes ? "deleting" : "running")}}",
          "provider_instance_id": "{{(withProvider ? Machine?.ProviderId : "")}}", "created_at": "{{Issued:yyyy-MM-ddTHH:mm:ssZ}}",
          "registration_jwt": "{{ChaosWorld.SecretMark}}-{{Number}}"{{(RegisteredAt is { } at ? $", \"registered_at\": \"{at:yyyy-MM-ddTHH:mm:ssZ}\"" : "")}} }
        """;
}
