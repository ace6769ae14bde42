using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What must hold, judged by the simulation's truth (issue 5, point 2). I5 is in <see cref="Bounds"/>.</summary>
internal sealed class Invariants(ChaosWorld world)
{
    private ShardTimings Timings => world.Story.Setup.Timings;

    /// <summary>I1, at the moment of ending.</summary>
    public void Ends(ChaosMachine machine, Bounds bounds)
    {
        var now = world.Now;
        if (!machine.IsAlive(now) || machine.SeenAt(now) is not { } seen) return;
        var member = world.Members.Values.FirstOrDefault(m => m.Machine == machine);
        var name = $"{machine.ProviderId} (#{member?.Number}, {member?.Lot})";
        bounds.Ends(name, machine.ProviderId, seen.TrackingId, seen.Group ?? "");
        if (!seen.IsOwn(Story.Shard)) world.Violate("I1", $"{name} is foreign");
        if (machine.ApiProtected || seen.Protection(now) is not null) world.Violate("I1", $"{name} is protected");
        if (!world.Announced.Contains(machine.ProviderId)) world.Violate("I8", $"{name} ended untold");
        world.EndedByCollector[machine.ProviderId] = now;
        // Started again a moment ago: while the cloud itself still says that it is stopped, nobody can know.
        if (machine.StateAt(now) is "stopping" or "stopped" || machine.StateAt(now - world.Lag) is "stopping" or "stopped") return;
        if (member is null || member.ServerDeletes || member.IsGivenUp) return;
        if (member.RegisteredAt is not null) world.Violate("I1", $"{name} is registered and {seen.State}");
        if (now - machine.Launched < Timings.RegistrationTimeout) world.Violate("I1", $"{name} is in its grace");
        if (bounds.Input.Grace is { } sight && now - sight.Since < Timings.RegistrationTimeout)
            world.Violate("I1", $"{name} is in its grace after a time in which nobody looked ({sight.Why})");
    }

    /// <summary>I3, at the moment of deleting.</summary>
    public void DeletesRecord(string key, Bounds bounds)
    {
        var member = world.Members.Values.FirstOrDefault(m => m.Key == key);
        if (member is not null && Stands(member))
            world.Violate("I3", $"the record of #{member.Number} ({member.Lot}) was deleted, and its machine runs");
        bounds.Deletes(key, member?.Group);
    }

    /// <summary>I3, after each step.</summary>
    public void RowsLeft(IEnumerable<SeenRow> before, IEnumerable<SeenRow> after)
    {
        var left = after.Select(row => row.Id).ToHashSet();
        foreach (var row in before.Where(row => row.HasRow && !left.Contains(row.Id)))
        {
            if (world.Members.Values.FirstOrDefault(m => m.Id == row.Id) is { } member && world.Bucket.ContainsKey(member.Key))
                world.Violate("I3", $"the row of #{member.Number} ({member.Lot}) went before its record");
        }
    }

    /// <summary>I4, after a health scan that worked: whoever is silent was checked lately, or waits to be.</summary>
    public void SilentAreChecked(PhaseInput input, HealthScanResult scan, ChaosReconciler reconciler)
    {
        var interval = Timings.HealthCheckInterval;
        var isJudged = world.Story.Setup.Shared && !scan.Suspect && !input.DryRun && input.PartialPauses is null && input.Windows is null
            && !(input.Grace?.Since >= input.AsOf - interval);
        // A report from a clock that was ahead looks fresh until that time has come.
        var ahead = world.Story.Events.Any(e =>
            e.Deed == Deed.ServerClockAhead && e.At <= world.Elapsed && world.Elapsed < e.At + e.For + ChaosWorld.ClockAhead);
        if (!isJudged || ahead) return;
        foreach (var m in world.Members.Values.Where(m => m.RegisteredAt < input.AsOf - (3 * interval)))
        {
            if (m.RowRotten || m.ServerDeletes || m.IsGivenUp) continue;
            if (!(m.SilentSince < input.AsOf - (3 * interval)) || m.Machine?.StateAt(input.AsOf) != "running") continue;
            var isChecked = reconciler.CheckedAt.TryGetValue(m.Id, out var at) && at > input.AsOf - (2 * interval);
            if (!isChecked && !reconciler.Waits(m.Id)) world.Violate("I4", $"#{m.Number} ({m.Lot}) is silent, and was not checked");
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

        // While a second machine carries an id, a person must look. Known gap: where nobody reports, as on an own database, a
        // registered record that names no machine may be an agent's that lives, unless the cloud still shows the machine, ended.
        bool IsJudged(ChaosMember m) => m.Lot != Lot.Twin && (world.Story.Setup.Shared || m.Lot != Lot.LostAnswerRegisters);

        // Where the cloud shows nothing of ours at all, "not found" is no evidence (ADR 0002).
        if (!world.Machines.Values.Any(m => m.IsAlive(world.Now) && m.SeenAt(world.Now)!.IsOwn(Story.Shard))) return;
        foreach (var m in world.Members.Values.Where(m => IsJudged(m) && !m.RecordRotten && world.Bucket.ContainsKey(m.Key) && !Stands(m)))
            world.Violate("I2", $"the record of #{m.Number} ({m.Lot}) stays, and its machine is gone");
    }

    /// <summary>I10: nstance terminates no machine because of rows that the collector wrote.</summary>
    public void NstanceIsNotMisled()
    {
        if (world.Nstance?.Misled is [var first, ..]) world.Violate("I10", $"nstance was misled: {first}");
    }

    /// <summary>I9, some cycles after the last fault: what is known of a row's machine is what the cloud says of it.</summary>
    public void RowsTellTheTruth(IEnumerable<SeenRow> rows)
    {
        foreach (var row in rows.Where(row => row.IsLive && row.ProviderId is not null))
        {
            if (!world.Machines.TryGetValue(row.ProviderId!, out var machine) || machine.SeenAt(world.Now) is not { } seen) continue;
            if (seen.TrackingId == row.Id && row.Status != seen.Status.Name())
                world.Violate("I9", $"the row of {row.ProviderId} says {row.Status ?? "nothing"}, and it is {seen.State}");
        }
    }

    private bool Stands(ChaosMember m) => m.Machine?.IsAlive(world.Now) is true;
}
