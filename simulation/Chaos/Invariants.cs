namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What must hold, judged by the simulation's truth (issue 5, point 2).</summary>
internal sealed class Invariants(ChaosWorld world)
{
    public bool DryRun { get; set; }

    /// <summary>I1, at the moment of ending.</summary>
    public void Ends(ChaosMachine machine)
    {
        var now = world.Now;
        var seen = machine.SeenAt(now);
        if (seen is null || !machine.IsAlive(now)) return;
        var member = world.Members.Values.FirstOrDefault(m => m.Machine == machine);
        var name = $"{machine.ProviderId} (#{member?.Number}, {member?.Lot})";
        if (DryRun) world.Violate("I5", $"{name} ended in a dry run");
        if (!seen.IsOwn(Story.Shard)) world.Violate("I1", $"{name} is foreign");
        if (machine.ApiProtected || seen.Protection(now) is not null) world.Violate("I1", $"{name} is protected");
        if (!world.Announced.Contains(machine.ProviderId)) world.Violate("I8", $"{name} ended untold");
        world.EndedByCollector[machine.ProviderId] = now;
        if (machine.StateAt(now) is "stopping" or "stopped" || member is null || member.ServerDeletes) return;
        if (member.RegisteredAt is not null) world.Violate("I1", $"{name} is registered and {seen.State}");
        if (now - machine.Launched < world.Story.Setup.Timings.RegistrationTimeout) world.Violate("I1", $"{name} is in its grace");
    }

    /// <summary>I3, at the moment of deleting.</summary>
    public void DeletesRecord(string key)
    {
        if (DryRun) world.Violate("I5", $"record {key} deleted in a dry run");
        var alive = world.Members.Values.FirstOrDefault(m => m.Key == key && Stands(m));
        if (alive is not null) world.Violate("I3", $"the record of #{alive.Number} ({alive.Lot}) was deleted, and its machine runs");
    }

    /// <summary>I3, after each step.</summary>
    public void RowsLeft(IEnumerable<string> before, IReadOnlySet<string> after)
    {
        foreach (var id in before.Where(id => !after.Contains(id)))
        {
            if (world.Members.Values.FirstOrDefault(m => m.Id == id) is { } member && world.Bucket.ContainsKey(member.Key))
                world.Violate("I3", $"the row of #{member.Number} ({member.Lot}) went before its record");
        }
    }

    /// <summary>I7.</summary>
    public void Says(string text)
    {
        if (text.Contains(ChaosWorld.SecretMark, StringComparison.Ordinal)) world.Violate("I7", "a secret was told");
    }

    /// <summary>I2, some cycles after the last fault.</summary>
    public void NothingLeaks()
    {
        foreach (var m in world.Members.Values.Where(m => m.Lot != Lot.Foreign && !m.RecordRotten && !m.ServerDeletes))
        {
            if (m.Machine is not { } machine || world.Twins.Contains(machine.ProviderId) || !machine.IsAlive(world.Now)) continue;
            if (machine.ApiProtected || machine.SeenAt(world.Now)!.Protection(world.Now - TimeSpan.FromHours(3)) is not null) continue;
            var isGarbage = machine.StateAt(world.Now) is "stopped" || m.RegisteredAt is null;
            if (isGarbage) world.Violate("I2", $"{machine.ProviderId} (#{m.Number}, {m.Lot}) leaks: {machine.StateAt(world.Now)}");
        }

        // Known gap: on an own database a record whose machine never was, or went before a sync saw it, is found only by the
        // next rebuild. There only the records of what the collector ended are judged.
        bool IsJudged(ChaosMember m) =>
            world.Story.Setup.Shared || (m.Machine is { } machine && world.EndedByCollector.ContainsKey(machine.ProviderId));
        foreach (var m in world.Members.Values.Where(m => IsJudged(m) && !m.RecordRotten && world.Bucket.ContainsKey(m.Key) && !Stands(m)))
            world.Violate("I2", $"the record of #{m.Number} ({m.Lot}) stays, and its machine is gone");
    }

    // A twin's record is the first machine's: what else carries the id has no claim to it.
    private bool Stands(ChaosMember m) => m.Machine?.IsAlive(world.Now) is true;
}
