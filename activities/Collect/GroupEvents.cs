using System.Security.Cryptography;
using System.Text;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Sends one event for each group that lost an instance. Events enter the outbox before a termination and leave it
/// after delivery: a crash may repeat an event and never loses one.
/// </summary>
internal sealed class GroupEvents(ShardDatabase database, IEventSink sink, PhaseInput input)
{
    /// <summary>Delivers the waiting events; returns their number.</summary>
    public async Task<int> FlushAsync(CancellationToken ct)
    {
        var sent = 0;
        while (database.WaitingGroups(EventBatch.MaxEvents) is { Count: > 0 } waiting)
        {
            // A retry uses the same key. The number differs for another loss of the group in this cycle, the hash for a
            // retry with other groups.
            var names = Encoding.UTF8.GetBytes(string.Join('\n', waiting.Select(entry => entry.Id)));
            var hash = Convert.ToHexStringLower(SHA256.HashData(names))[..16];
            var key = $"{input.AsOf:O}/groups/{waiting[^1].Number}/{hash}";
            await sink.SendAsync(input.Shard, new EventBatch(key, [.. waiting.Select(entry => Event(entry.Id))]), ct);
            database.RemoveGroups(waiting);
            sent += waiting.Count;
        }

        return sent;
    }

    /// <summary>Queues an event for each group whose name and tenant are known.</summary>
    public void Add(IEnumerable<Assessment> terminating) => database.AddGroups(Names(terminating));

    /// <summary>Removes groups that lost no instance.</summary>
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
