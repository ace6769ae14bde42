using Nstance.Temporal.Activities.Acquire;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>
/// Who leads the shard of the shared database. A host that nstance does not lead from is in order: its worker waits
/// until it does. Changes nothing.
/// </summary>
internal static class NstanceLeaderCheck
{
    public const string Name = "nstance's leader";

    public static Task<Check> RunAsync(
        IConnections connections, GcOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var shard = options.ShardRef!;
        return ShardChecks.AskAsync(
            Name,
            async token =>
            {
                var json = await connections.Records(ShardChecks.CallTimeout).GetLeaderAsync(shard, token);
                var why = "";
                var leader = json is null ? null : NstanceLeader.Parse(json, out why);
                return why.Length > 0
                    ? Check.Warning(Name, $"s3://{shard.Bucket}/{ShardKeys.Leader(shard)} {why}")
                    : await JudgeAsync(shard, leader, options.NstanceServerId, time.GetUtcNow(), token);
            },
            cancellationToken);
    }

    private static async Task<Check> JudgeAsync(
        ShardRef shard, NstanceLeader? leader, string? serverId, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var address = LeaderRules.NeedsAddress(leader, now, serverId)
            ? await LocalAddresses.MatchAsync(leader!.Host, cancellationToken)
            : AddressMatch.Unclear;
        var (place, why) = LeaderRules.Judge(shard, leader, now, serverId, address);
        return place switch
        {
            LeaderPlace.Here => Check.Ok(Name, why),
            LeaderPlace.Elsewhere => Check.Ok(Name, $"{why}: the worker waits"),
            _ => Check.Warning(Name, why),
        };
    }
}
