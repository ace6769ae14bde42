using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Own instances that the database does not know. One with a record gets the row that the record describes. One without
/// is an orphan, and gets a row when it is older than the registration timeout: before that nobody would judge it, and
/// its tags or its record may still be on their way.
/// </summary>
internal sealed class UnknownInstances(ShardDatabase database, IRecordStore records, Notes notes)
{
    private const int ParallelGets = 64;

    public async Task<(int Added, int Invalid)> AddAsync(
        IReadOnlyList<CloudInstance> unknown, PhaseInput input, CancellationToken cancellationToken)
    {
        if (unknown.Count == 0) return (0, 0);
        var wanted = unknown.Where(i => InstanceId.TryParse(i.InstanceId, out _))
            .Select(i => InstanceId.TryParse(i.InstanceId, out var id) ? id : default)
            .ToHashSet();
        IReadOnlyDictionary<InstanceId, IReadOnlyList<string>> keys;
        try
        {
            keys = await RecordKeys.FindAsync(records, input.Shard, wanted, cancellationToken);
        }
        catch (CloudException e)
        {
            notes.Problem($"{unknown.Count} unknown instances were not added: their records could not be looked for: {e.Message}");
            return (0, 0);
        }

        var (rows, invalid) = (new List<NewRow>(), 0);
        foreach (var chunk in unknown.GroupBy(i => i.TrackingId).Chunk(ParallelGets))
        {
            var found = await Task.WhenAll(chunk.Select(same => RowOfAsync([.. same], keys, input, cancellationToken)));
            rows.AddRange(found.Select(f => f.Row).OfType<NewRow>());
            invalid += found.Count(f => f.Problem is not null);
            foreach (var problem in found.Select(f => f.Problem).OfType<string>()) notes.Problem(problem);
        }

        var added = database.Insert(rows, input.AsOf);
        foreach (var row in rows)
        {
            var why = row.Record is null
                ? "exists in the cloud alone: no row, no record"
                : "recorded and in the cloud, but there was no row";
            notes.Sample(new(row.Id, row.ProviderId, row.Record?.Tenant, row.Record?.Group ?? row.Group, "added", why));
        }

        return (added, invalid);
    }

    private async Task<(NewRow? Row, string? Problem)> RowOfAsync(
        IReadOnlyList<CloudInstance> same, IReadOnlyDictionary<InstanceId, IReadOnlyList<string>> keys, PhaseInput input,
        CancellationToken cancellationToken)
    {
        var instance = same[0];
        if (!InstanceId.TryParse(instance.InstanceId, out var id) || keys.GetValueOrDefault(id) is not { } own)
        {
            return same.Count == 1 ? Orphan(instance, input) : (null, $"{same.Count} instances carry the id {instance.TrackingId}: none was added");
        }

        if (own.Count > 1) return (null, $"instance {id} has {own.Count} records: not added");
        try
        {
            switch (await records.GetAsync(input.Shard, own[0], cancellationToken))
            {
                case RecordRead.Found { Record: var record, ETag: var etag } when RebuildPhase.IsNamedBy(record, input.Shard, own[0]):
                    var named = same.Where(i => record.ProviderId is null || record.ProviderId == i.ProviderId).ToList();
                    if (named.Count != 1) return (null, $"record {own[0]} does not name the instance {instance.ProviderId} that carries its id: not added");
                    return (Row(named[0], record.CreatedAt, input) with { Record = record, RecordKey = own[0], ETag = etag }, null);
                case RecordRead.Missing:
                    return (null, null); // deleted between listing and reading: the next cycle sees clearer
                case RecordRead.Invalid { Why: var why }:
                    return (null, $"record {own[0]} {why}: instance {instance.ProviderId} not added");
                default:
                    return (null, $"record {own[0]} names another instance or tenant: instance {instance.ProviderId} not added");
            }
        }
        catch (CloudException e)
        {
            return (null, $"instance {instance.ProviderId} not added: its record could not be read: {e.Message}");
        }
    }

    private (NewRow? Row, string? Problem) Orphan(CloudInstance instance, PhaseInput input)
    {
        // A live row that stands for this machine, and a tag that says otherwise: somebody changed the tag. The machine
        // may be registered under its old id, so it is not made an orphan that could be ended.
        if (database.FindLiveByProvider(instance.ProviderId) is { } row)
            return (null, $"instance {instance.ProviderId} of row {row} is now tagged as {instance.TrackingId}: left alone");
        var grace = TimeSpan.FromTicks(Math.Max(input.Timings.RegistrationTimeout.Ticks, input.Timings.SettleTime.Ticks));
        if (!(instance.LaunchTime > input.AsOf - grace)) return (Row(instance, instance.LaunchTime ?? input.AsOf, input), null);
        return (null, null);
    }

    private static NewRow Row(CloudInstance instance, DateTimeOffset issuedAt, PhaseInput input) => new(
        instance.TrackingId, instance.ProviderId, issuedAt,
        SyncPhase.Truth(instance.TrackingId, null, instance, input.Shard))
    {
        Group = instance.Group,
    };
}
