using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Sends one event for each group that lost an instance. Events are in the outbox before anything is terminated and
/// leave it after delivery: a crash costs an event too many, not one too few.
/// </summary>
internal sealed class GroupEvents(ShardDatabase database, IEventSink sink, PhaseInput input)
{
    /// <summary>Delivers what waits; returns how many groups.</summary>
    public async Task<int> FlushAsync(CancellationToken ct)
    {
        var sent = 0;
        while (database.WaitingGroups(EventBatch.MaxEvents) is { Count: > 0 } waiting)
        {
            // The same key in a retry. The number tells another loss of the same group in the same cycle apart, the
            // hash a retry that owes other groups than the attempt before.
            var names = Encoding.UTF8.GetBytes(string.Join('\n', waiting.Select(entry => entry.Id)));
            var hash = Convert.ToHexStringLower(SHA256.HashData(names))[..16];
            var key = $"{input.AsOf:O}/groups/{waiting[^1].Number}/{hash}";
            await sink.SendAsync(input.Shard, new EventBatch(key, [.. waiting.Select(entry => Event(entry.Id))]), ct);
            database.RemoveGroups(waiting);
            sent += waiting.Count;
        }

        return sent;
    }

    /// <summary>Queues an event for each group. An unknown group or tenant cannot be named to the reconciler.</summary>
    public void Add(IEnumerable<Assessment> terminating) => database.AddGroups(Names(terminating));

    /// <summary>Removes groups that lost nothing after all.</summary>
    public void Remove(IEnumerable<Assessment> skipped, IEnumerable<Assessment> gone) =>
        database.RemoveGroups(Names(skipped).Except(Names(gone)));

    private static IEnumerable<string> Names(IEnumerable<Assessment> assessments) => assessments
        .Select(a => GroupName.Of(a.Tenant, a.Group)).OfType<string>().Distinct().Order(StringComparer.Ordinal);

    private ReconcileEvent Event(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return new(
            ReconcileEventType.GroupChanged, name[..slash], name[(slash + 1)..], null, input.AsOf,
            PreventDuplicate: false, "the collector removed at least one of its instances");
    }
}
