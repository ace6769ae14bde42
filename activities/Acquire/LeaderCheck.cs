using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Checks that nstance leads the shard from this host (design, "Hosts and nstance's leader"). A file of our own is not
/// checked: no agent reports into it, so any host may hold it.
/// </summary>
internal sealed class LeaderCheck(ShardDatabases databases, IRecordStore records, ShardRef shard, TimeProvider time)
{
    /// <summary>
    /// For a host that takes the shard: it declines unless nstance leads from it, and the next attempt may find another
    /// host.
    /// </summary>
    public async Task<NstanceLeaderInfo?> AcquireAsync(
        ShardDatabase database, string? previousHost, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (database.IsOwn) return null;
        var leader = await RequireAsync(ErrorTypes.HostDeclined, cancellationToken);
        var isFirst = previousHost is null && database.GetLeader() is null;
        // Another host held the shard since: nstance led from there, so this host's server was elected after that.
        return database.NoteLeader(leader, at, isElected: !isFirst && previousHost != databases.HostName);
    }

    /// <summary>
    /// For a host without nstance's database, before the shard's first host: nstance leads from another host, and a
    /// worker beside it sees what agents report.
    /// </summary>
    /// <exception cref="ApplicationFailureException">This host declines for a while.</exception>
    public async Task LetLeadersHostGoFirstAsync(
        AcquireShardInput input, TimeSpan waited, CancellationToken cancellationToken)
    {
        if (input.PreviousHost is not null || waited >= HostOrder.Wait(input)
            || !databases.Find(shard, mustExist: false).Own) return;
        NstanceLeader? leader;
        try
        {
            leader = await ReadAsync(ErrorTypes.HostDeclined, cancellationToken);
        }
        catch (Exception e) when (e is CloudException or ApplicationFailureException)
        {
            return; // This host needs no leader.
        }

        if (leader is null || !LeaderRules.IsAlive(leader, time.GetUtcNow())) return;
        throw HostOrder.Decline(
            databases.HostName, $"it has no database of nstance's server, and the host of {leader.Name} goes first");
    }

    /// <summary>For a sync: a host that nstance no longer leads from gives up the shard.</summary>
    public async Task<NstanceLeaderInfo?> SyncAsync(
        ShardDatabase database, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (database.IsOwn) return null;
        var leader = await RequireAsync(ErrorTypes.ShardNotHeld, cancellationToken);
        return database.NoteLeader(leader, at, isElected: database.GetLeader()?.Id != leader.Id);
    }

    /// <summary>
    /// For a phase that uses the agents' reports: an election since the sync makes them worthless, so the cycle must
    /// take the shard anew. An election of the same server shows when the reports are counted.
    /// </summary>
    public async Task RequireSameAsync(ShardDatabase database, CancellationToken cancellationToken)
    {
        if (database.IsOwn) return;
        var leader = await RequireAsync(ErrorTypes.ShardNotHeld, cancellationToken);
        if (database.GetLeader()?.Id == leader.Id) return;
        throw Failed(ErrorTypes.ShardNotHeld, $"nstance elected {leader.Name} since the last sync");
    }

    private async Task<NstanceLeader> RequireAsync(string errorType, CancellationToken cancellationToken)
    {
        var leader = await ReadAsync(errorType, cancellationToken);
        var id = databases.NstanceServerId;
        var now = time.GetUtcNow();
        var address = LeaderRules.NeedsAddress(leader, now, id)
            ? await (databases.MatchAddress ?? LocalAddresses.MatchAsync)(leader!.Host, cancellationToken)
            : AddressMatch.Unclear;
        var (place, why) = LeaderRules.Judge(shard, leader, now, id, address);
        if (place == LeaderPlace.Here) return leader!;
        var declines = errorType == ErrorTypes.HostDeclined;
        throw Failed(declines && place == LeaderPlace.None ? ErrorTypes.NoLeader : errorType, why);
    }

    private async Task<NstanceLeader?> ReadAsync(string errorType, CancellationToken cancellationToken)
    {
        try
        {
            if (await records.GetLeaderAsync(shard, cancellationToken) is not { } json) return null;
            return NstanceLeader.Parse(json, out var why) ?? throw Unknown(why);
        }
        catch (CloudException e) when (e.Fault != CloudFault.Denied
            && !(e.WorthRetrying && errorType == ErrorTypes.ShardNotHeld))
        {
            // A host that holds the shard tries again instead: one failed read is no election.
            throw Unknown($"could not be read: {e.Message}");
        }

        ApplicationFailureException Unknown(string what) => Failed(
            errorType,
            $"nstance's leader for {shard.Cluster}/{shard.Shard} is not known: "
            + $"{ShardKeys.Leader(shard)} {what}");
    }

    private ApplicationFailureException Failed(string errorType, string why) => errorType != ErrorTypes.ShardNotHeld
        ? new($"host {databases.HostName} declines: {why}", errorType)
        : new(why, errorType, nonRetryable: true);
}
