using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Describe by id when some ids do not exist: EC2 then answers none and names the missing ones. Those are taken out and
/// the rest is asked again; when the message names none of ours, the batch is halved. An id that the answer leaves out
/// silently is unknown, not gone.
/// </summary>
internal static class DescribeByIds
{
    public const int MaxIds = 1000;

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
            if (outage is not null)
            {
                foreach (var id in batch) unknown[id] = outage;
                continue;
            }

            try
            {
                var asked = batch.ToHashSet();
                foreach (var instance in await ask(batch))
                {
                    if (asked.Remove(instance.ProviderId)) found[instance.ProviderId] = instance;
                }

                foreach (var id in asked) unknown[id] = "the cloud's answer left it out";
            }
            catch (CloudException e) when (e.Fault is CloudFault.Gone or CloudFault.Malformed)
            {
                var named = NamedIn(e, batch);
                if (named.Count == 0 && batch.Count > 1)
                {
                    open.Enqueue(batch.Take(batch.Count / 2).ToArray());
                    open.Enqueue(batch.Skip(batch.Count / 2).ToArray());
                    continue;
                }

                // Asked about one id alone, the code itself is the answer, unless it names somebody else.
                foreach (var id in named.Count > 0 ? named : batch)
                {
                    if (e.Fault == CloudFault.Malformed) unknown[id] = "not an id that the cloud can read";
                    else if (named.Count > 0 || !NamesAnyId(e)) notFound.Add(id);
                    else unknown[id] = "the cloud named another instance";
                }

                var rest = batch.Where(id => !notFound.Contains(id) && !unknown.ContainsKey(id)).ToArray();
                if (rest.Length > 0) open.Enqueue(rest);
            }
            catch (CloudException e)
            {
                outage = e.Message;
                foreach (var id in batch) unknown[id] = outage;
            }
        }

        return new DescribeResult(found, notFound, unknown);
    }

    /// <summary>Those of <paramref name="ids"/> that the cloud's message names as whole words.</summary>
    public static IReadOnlyList<string> NamedIn(CloudException e, IReadOnlyCollection<string> ids)
    {
        var words = Words(e).ToHashSet();
        return ids.Where(words.Contains).ToArray();
    }

    private static bool NamesAnyId(CloudException e) =>
        Words(e).Any(word => word.StartsWith("i-", StringComparison.Ordinal) && word.Length >= 10);

    private static string[] Words(CloudException e) =>
        (e.Detail ?? e.Message).Split([' ', ',', '\'', '"', '[', ']', '(', ')', ':', ';', '.', '\n', '\r', '\t'],
            StringSplitOptions.RemoveEmptyEntries);
}
