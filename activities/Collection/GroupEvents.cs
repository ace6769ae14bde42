using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Tells the reconciler which groups lost an instance, one event for each group. What is owed is written down before
/// anything ends and struck out after it was handed over: so a crash between the two costs an event too many, not one.
/// </summary>
internal sealed class GroupEvents(ShardDatabase db, IEventSink sink)
{
    internal const string OwedKey = "collect.groups-owed";

    /// <summary>Hands over what an earlier attempt left owed.</summary>
    public async Task<int> SettleAsync(PhaseInput input, CancellationToken ct)
    {
        var owed = Owed();
        if (owed.Groups.Count == 0) return 0;
        foreach (var batch in owed.Groups.Chunk(EventBatch.MaxEvents))
        {
            var events = batch
                .Select(g => new ReconcileEvent(
                    ReconcileEventType.GroupChanged, g.Tenant, g.Group, null, input.AsOf, PreventDuplicate: false,
                    "the collector removed at least one of its instances"))
                .ToArray();

            // The same in a retry of the same debt. A group that loses again in the same cycle, for another reason, is news:
            // the number of the debt makes it another key. The content: a retry may owe other groups than the attempt before.
            var names = Encoding.UTF8.GetBytes(string.Join('\n', batch.Select(g => $"{g.Tenant}/{g.Group}")));
            var key = $"{input.AsOf:O}/groups/{owed.Number}/{Convert.ToHexStringLower(SHA256.HashData(names))[..16]}";
            await sink.SendAsync(input.Shard, new EventBatch(key, events), ct);
        }

        Write(owed with { Groups = [] });
        return owed.Groups.Count;
    }

    /// <summary>Writes down what will be owed; groups or tenants that nobody knows cannot be told.</summary>
    public void Owe(IEnumerable<Judged> judged)
    {
        var owed = Owed();
        var all = owed.Groups
            .Concat(judged.Where(j => j.Tenant.Length > 0 && j.Group.Length > 0).Select(j => new OwedGroup(j.Tenant, j.Group)))
            .Distinct()
            .OrderBy(g => g.Tenant, StringComparer.Ordinal).ThenBy(g => g.Group, StringComparer.Ordinal);
        Write(new Debt(owed.Number + 1, [.. all]));
    }

    /// <summary>Strikes out groups that lost nothing after all.</summary>
    public void Forget(IEnumerable<Judged> spared, IEnumerable<Judged> changed)
    {
        var keep = changed.Select(j => new OwedGroup(j.Tenant, j.Group)).ToHashSet();
        var drop = spared.Select(j => new OwedGroup(j.Tenant, j.Group)).Where(g => !keep.Contains(g)).ToHashSet();
        if (drop.Count == 0) return;
        var owed = Owed();
        Write(owed with { Groups = [.. owed.Groups.Where(g => !drop.Contains(g))] });
    }

    private void Write(Debt debt) => db.SetMeta(OwedKey, JsonSerializer.Serialize(debt));

    private Debt Owed()
    {
        try
        {
            return db.GetMeta(OwedKey) is { } json ? JsonSerializer.Deserialize<Debt>(json) ?? Debt.None : Debt.None;
        }
        catch (JsonException)
        {
            return Debt.None; // another version's words
        }
    }

    /// <summary>Groups to be told; the number grows with every debt, so that each has a key of its own.</summary>
    private sealed record Debt(long Number, IReadOnlyList<OwedGroup> Groups)
    {
        public static Debt None { get; } = new(0, []);
    }

    private sealed record OwedGroup(string Tenant, string Group);
}
