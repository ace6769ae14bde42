using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// What EC2 allows an account in one region (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html, its two
/// tables): a bucket of requests for each action, and one of instances for what ends, stops or starts them. One for a process
/// and region, so that its shards do not starve each other; <paramref name="percent"/> is this process's part, because nstance's servers call the same account.
/// </summary>
/// <param name="percent">Part of the account's rates, 1 to 100.</param>
/// <param name="time">The clock.</param>
internal sealed class Ec2Rates(int percent, TimeProvider time)
{
    /// <summary>A call that would have to wait longer is not made: the cycle spares what it was about, and the next one asks again.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, TokenBucket> _requests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TokenBucket> _instances = new(StringComparer.Ordinal);

    /// <summary>Runs a call when its tokens are there.</summary>
    /// <param name="action">As EC2 names it.</param>
    /// <param name="instances">How many instances it ends, stops or starts.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="CloudException">Throttled: by EC2, or by ourselves before it came to that.</exception>
    public async Task<T> RunAsync<T>(string action, int instances, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var requests = _requests.GetOrAdd(action, Requests);
        var resources = instances > 0 ? _instances.GetOrAdd(action, Instances) : null;
        if (requests.Take(1, MaxWait) is not { } wait) throw TooMany(action);
        if (resources is not null)
        {
            if (resources.Take(instances, MaxWait) is not { } also)
            {
                requests.Return(1);
                throw TooMany(action);
            }

            wait = also > wait ? also : wait;
        }

        if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
        try
        {
            var answer = await call();
            requests.Answered();
            resources?.Answered();
            return answer;
        }
        catch (CloudException e) when (e.Fault == CloudFault.Throttled)
        {
            // EC2 does not say of which bucket.
            requests.Throttled();
            resources?.Throttled();
            throw;
        }
    }

    // Describing by id, without filter or page, is counted apart by EC2, with half of that: it is rare here.
    private TokenBucket Requests(string action) => action switch
    {
        "TerminateInstances" => Part(percent, 100, 5, time),
        "CreateTags" or "DeleteTags" => Part(percent, 100, 10, time),
        "StartInstances" => Part(percent, 5, 2, time),
        _ when action.StartsWith("Describe", StringComparison.Ordinal) => Part(percent, 100, 20, time),
        _ => Part(percent, 50, 5, time),
    };

    private TokenBucket Instances(string action) => Part(percent, 1000, action == "StartInstances" ? 2 : 20, time);

    private static TokenBucket Part(int percent, double capacity, double perSecond, TimeProvider time) =>
        new(Math.Max(1, capacity * percent / 100), perSecond * percent / 100, time);

    private static CloudException TooMany(string action) => new(
        CloudFault.Throttled,
        $"EC2's rate for {action} is used up by the shards of this worker: the next cycle tries again (fewer shards, or a higher --ec2-rate-percent)");
}
