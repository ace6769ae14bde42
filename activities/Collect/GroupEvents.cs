using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Tells the reconciler which groups lost an instance, one event for each group. Events go into the outbox before anything
/// ends and are removed after they were handed over: a crash between the two costs an event too many, not one too few.
/// </summary>
internal sealed class GroupEvents(ShardDatabase db, IEventSink sink)
{
    /// <summary>Hands over what waits; returns how many groups.</summary>
    public async Task<int> SettleAsync(PhaseInput input, CancellationToken ct)
    {
        var sent = 0;
        while (db.WaitingGroups(EventBatch.MaxEvents) is { Count: > 0 } waiting)
        {
            var events = waiting.Select(entry => Event(entry.Id, input)).ToArray();

            // The same in a retry. A group that loses again in the same cycle, for another reason, has another number. The
            // content: a retry may owe other groups than the attempt before.
            var names = Encoding.UTF8.GetBytes(string.Join('\n', waiting.Select(entry => entry.Id)));
            var key = $"{input.AsOf:O}/groups/{waiting[^1].Number}/{Convert.ToHexStringLower(SHA256.HashData(names))[..16]}";
            await sink.SendAsync(input.Shard, new EventBatch(key, events), ct);
            db.RemoveGroups(waiting);
            sent += waiting.Count;
        }

        return sent;
    }

    /// <summary>Keeps what will be owed; a group or tenant that is not known cannot be told.</summary>
    public void Owe(IEnumerable<Assessment> judged) => db.AddGroups(Names(judged));

    /// <summary>Removes groups that lost nothing after all.</summary>
    public void Forget(IEnumerable<Assessment> skipped, IEnumerable<Assessment> changed) => db.RemoveGroups(Names(skipped).Except(Names(changed)));

    private static IEnumerable<string> Names(IEnumerable<Assessment> judged) => judged
        .Where(j => j.Tenant.Length > 0 && j.Group.Length > 0)
        .Select(j => $"{j.Tenant}/{j.Group}").Distinct().Order(StringComparer.Ordinal);

    private static ReconcileEvent Event(string name, PhaseInput input)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return new(
            ReconcileEventType.GroupChanged, name[..slash], name[(slash + 1)..], null, input.AsOf, PreventDuplicate: false,
            "the collector removed at least one of its instances");
    }
}
