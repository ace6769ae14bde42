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
        IConnections connections, GcOptions options, CancellationToken cancellationToken) => ShardChecks.AskAsync(
        Name, token => AskAsync(connections.Records(ShardChecks.CallTimeout), options, token), cancellationToken);

    private static async Task<Check> AskAsync(IRecordStore records, GcOptions options, CancellationToken token)
    {
        var shard = options.ShardRef!;
        var now = TimeProvider.System.GetUtcNow();
        var fault = "";
        var json = await records.GetLeaderAsync(shard, token);
        var leader = json is null ? null : NstanceLeader.Parse(json, out fault);
        if (fault.Length > 0) return Check.Warning(Name, $"s3://{shard.Bucket}/{ShardKeys.Leader(shard)} {fault}");
        var address = LeaderRules.NeedsAddress(leader, now, options.NstanceServerId)
            ? await LocalAddresses.MatchAsync(leader!.Host, token)
            : AddressMatch.Unclear;
        var (place, why) = LeaderRules.Judge(shard, leader, now, options.NstanceServerId, address);
        return place switch
        {
            LeaderPlace.Here => Check.Ok(Name, why),
            LeaderPlace.Elsewhere => Check.Ok(Name, $"{why}: the worker waits"),
            _ => Check.Warning(Name, why),
        };
    }
}
