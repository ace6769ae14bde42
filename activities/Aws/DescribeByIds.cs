
namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Describes instances by id when some ids do not exist. EC2 then describes none and names the missing ids, which are
/// removed before a retry. A batch is halved if the message names none of its ids. An id that an answer omits is
/// unknown, not gone.
/// </summary>
internal static class DescribeByIds
{
    /// <summary>EC2's maximum for a call.</summary>
    public const int MaxIds = 1000;

    private static readonly char[] Separators = [.. " ,'\"[]():;.\n\r\t"];

    public static async Task<DescribeResult> RunAsync(
        IEnumerable<string> providerIds, Func<IReadOnlyList<string>, Task<IReadOnlyList<CloudInstance>>> ask)
    {
        var found = new Dictionary<string, CloudInstance>();
        var notFound = new HashSet<string>();
        var unknown = new Dictionary<string, string>();
        var open = new Queue<IReadOnlyList<string>>(providerIds.Distinct().Chunk(MaxIds));
        string? outage = null;
        while (open.TryDequeue(out var batch))
        {
            try
            {
                if (outage is null) await AskAsync(batch);
            }
            catch (CloudException e) when (e.Fault is CloudFault.Gone or CloudFault.Malformed)
            {
                foreach (var rest in Explain(e, batch)) open.Enqueue(rest);
            }
            catch (CloudException e)
            {
                outage = e.Message;
            }

            if (outage is null) continue;
            foreach (var id in batch) unknown[id] = outage;
        }

        return new DescribeResult(found, notFound, unknown);

        async Task AskAsync(IReadOnlyList<string> batch)
        {
            var asked = batch.ToHashSet();
            foreach (var instance in await ask(batch))
            {
                if (asked.Remove(instance.ProviderId)) found[instance.ProviderId] = instance;
            }

            foreach (var id in asked) unknown[id] = "the cloud's answer left it out";
        }

        // Returns the batches to ask again.
        IEnumerable<IReadOnlyList<string>> Explain(CloudException e, IReadOnlyList<string> batch)
        {
            var named = NamedIn(e, batch);
            if (named.Count == 0 && batch.Count > 1) return Halves(batch);

            // For a single id the code is the answer, unless the message names another instance.
            foreach (var id in named.Count > 0 ? named : batch)
            {
                if (e.Fault == CloudFault.Malformed) unknown[id] = "the cloud cannot read this id";
                else if (named.Count > 0 || !NamesAnyId(e)) notFound.Add(id);
                else unknown[id] = "the cloud named another instance";
            }

            var rest = batch.Where(id => !notFound.Contains(id) && !unknown.ContainsKey(id)).ToArray();
            return rest.Length > 0 ? [rest] : [];
        }
    }

    /// <summary>Returns those of <paramref name="ids"/> that the cloud's message names as whole words.</summary>
    public static IReadOnlyList<string> NamedIn(CloudException e, IReadOnlyCollection<string> ids)
    {
        var words = Words(e).ToHashSet();
        return [.. ids.Where(words.Contains)];
    }

    /// <summary>Splits a batch in two, to isolate the ids that make the whole batch fail.</summary>
    public static IReadOnlyList<string>[] Halves(IReadOnlyList<string> batch) =>
        [[.. batch.Take(batch.Count / 2)], [.. batch.Skip(batch.Count / 2)]];

    private static bool NamesAnyId(CloudException e) =>
        Words(e).Any(word => word.StartsWith("i-", StringComparison.Ordinal) && word.Length >= 10);

    private static string[] Words(CloudException e) =>
        (e.Detail ?? e.Message).Split(Separators, StringSplitOptions.RemoveEmptyEntries);
}
