using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Asks row, cloud and bucket about candidates, now. A question that fails is a gap in the evidence, no more. One answer may be
/// asked for while another is on its way.
/// </summary>
internal sealed class EvidenceReader(ShardDatabase db, ICloud cloud, IRecordStore records)
{
    private Dictionary<string, List<string>>? _keysById;
    private string? _listingFailed;

    /// <summary>True once the cloud showed an own instance: we ask in the right account and region.</summary>
    public bool SawOwn { get; private set; }

    /// <summary>Asks about candidates, and judges them.</summary>
    public async Task<IReadOnlyList<Assessment>> JudgeAsync(IReadOnlyCollection<Candidate> candidates, PhaseInput input, CancellationToken ct)
    {
        var now = await AskAsync(candidates.Select(c => c.Row), input, ct);
        return [.. candidates.Select(c => new Assessment(c, now[c.Id], TerminationRules.Judge(c, now[c.Id], input)))];
    }

    /// <summary>Judges again by the same answers and by the rows as they are now. A verdict that somebody else gave stays.</summary>
    public IReadOnlyList<Assessment> WithRows(IReadOnlyCollection<Assessment> judged, PhaseInput input)
    {
        var rows = db.FindAll(judged.Select(j => j.Candidate.Id));
        return [.. judged.Select(j =>
        {
            var now = j.Now with { Row = Again(j.Candidate.Row, rows) };
            return now.Row is not null && now.Row.IsSameAs(j.Now.Row) ? j : new Assessment(j.Candidate, now, TerminationRules.Judge(j.Candidate, now, input));
        })];
    }

    /// <summary>What cloud, bucket and row say now, by id.</summary>
    public async Task<IReadOnlyDictionary<string, Evidence>> AskAsync(IEnumerable<InstanceRow> rows, PhaseInput input, CancellationToken ct)
    {
        var now = new Dictionary<string, Evidence>();
        foreach (var row in rows) now[row.Id] = new Evidence { Row = row };
        InstanceRow[] known = [.. now.Values.Select(f => f.Row!)];
        var asked = AskCloudAsync(now, input, ct);
        var answers = AskRecordsAsync(known, input, ct);
        await Task.WhenAll(asked, answers);
        foreach (var (id, answer) in await answers)
        {
            now[id] = now[id] with
            {
                Tenant = answer.Tenant,
                RecordKey = answer.RecordKey,
                Record = answer.Record,
                RecordUnknown = answer.RecordUnknown,
            };
        }

        // The row last: an agent may have registered while cloud and bucket were asked. One that names another machine or
        // tenant than what they were asked about is skipped by the judge.
        var again = db.FindAll(now.Keys);
        foreach (var row in known) now[row.Id] = now[row.Id] with { Row = Again(row, again) };
        return now;
    }

    private static InstanceRow? Again(InstanceRow found, IReadOnlyDictionary<string, InstanceRow> rows) =>
        rows.GetValueOrDefault(found.Id) ?? (found.HasRow ? null : found);

    private async Task AskCloudAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        await DescribeAsync(now, input, ct);
        await AskTagsAsync(now, input, ct);
    }

    private async Task DescribeAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        var ids = now.Values.Select(f => f.Row?.ProviderId).OfType<string>().Distinct().ToArray();
        if (ids.Length == 0) return;
        DescribeResult answer;
        try
        {
            answer = await cloud.DescribeAsync(ids, ct);
        }
        catch (CloudException e)
        {
            foreach (var (id, evidence) in now.ToArray()) now[id] = evidence with { CloudUnknown = e.Message };
            return;
        }

        SawOwn |= answer.Found.Values.Any(i => i.IsOwn(input.Shard));
        foreach (var (id, evidence) in now.ToArray())
        {
            if (evidence.Row?.ProviderId is not { } provider) continue;
            now[id] = evidence with
            {
                Instance = answer.Found.GetValueOrDefault(provider),
                NotFound = answer.NotFound.Contains(provider),
                CloudUnknown = answer.Unknown.GetValueOrDefault(provider),
            };
        }
    }

    private async Task AskTagsAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        var asked = now.Where(f => f.Value.Row is { } row && (row.ProviderId is null || f.Value.NotFound))
            .Select(f => f.Key).ToArray();
        if (asked.Length == 0) return;
        try
        {
            var tagged = (await cloud.FindByInstanceIdAsync(input.Shard, asked, ct)).ToLookup(i => i.InstanceId ?? "");
            SawOwn |= tagged.Count > 0;
            foreach (var id in asked) now[id] = now[id] with { Tagged = [.. tagged[id]] };
        }
        catch (CloudException e)
        {
            foreach (var id in asked) now[id] = now[id] with { CloudUnknown = e.Message };
        }
    }

    private async Task<IReadOnlyDictionary<string, Evidence>> AskRecordsAsync(InstanceRow[] rows, PhaseInput input, CancellationToken ct)
    {
        var found = new ConcurrentDictionary<string, Evidence>();
        foreach (var row in rows) found[row.Id] = await WithKeyAsync(new Evidence { Row = row }, row, input.Shard, ct);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AdaptiveLimit.Max, CancellationToken = ct };
        await Parallel.ForEachAsync(found.ToArray(), options, async (item, token) =>
        {
            var (id, evidence) = item;
            if (evidence.RecordUnknown is not null) return;
            if (evidence.RecordKey is null)
            {
                found[id] = evidence with { Record = new RecordRead.Missing() };
                return;
            }

            try
            {
                found[id] = evidence with { Record = await records.GetAsync(input.Shard, evidence.RecordKey, token) };
            }
            catch (CloudException e)
            {
                found[id] = evidence with { RecordUnknown = e.Message };
            }
        });
        return found;
    }

    /// <summary>A row without tenant: its record, if any, is found by listing the keys, once for all such rows.</summary>
    private async Task<Evidence> WithKeyAsync(Evidence evidence, InstanceRow row, ShardRef shard, CancellationToken ct)
    {
        if (row.RecordKeyIn(shard.Shard) is { } key) return evidence with { RecordKey = key, Tenant = row.Tenant };
        var tenant = Identifiers.IsValid(row.Tenant) ? row.Tenant : null;
        if (row.InstanceId is null) return evidence with { Tenant = tenant };
        await ListKeysAsync(shard, ct);
        if (_listingFailed is not null) return evidence with { RecordUnknown = _listingFailed };
        return _keysById!.GetValueOrDefault(row.Id) switch
        {
            null => evidence,
            [var only] when RecordKey.TryParse(shard.Shard, only, out var owner, out _) => evidence with { RecordKey = only, Tenant = owner },
            var several => evidence with { RecordUnknown = $"it has {several.Count} records" },
        };
    }

    private async Task ListKeysAsync(ShardRef shard, CancellationToken ct)
    {
        if (_keysById is not null || _listingFailed is not null) return;
        try
        {
            var keys = new Dictionary<string, List<string>>();
            await foreach (var page in records.ListAsync(shard, ct))
            {
                foreach (var key in page.Select(o => o.Key))
                {
                    if (!RecordKey.TryParse(shard.Shard, key, out _, out var id)) continue;
                    if (!keys.TryGetValue(id.ToString(), out var same)) keys.Add(id.ToString(), same = []);
                    same.Add(key);
                }
            }

            _keysById = keys;
        }
        catch (CloudException e)
        {
            _listingFailed = e.Message;
        }
    }
}
