using System.Collections.Concurrent;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// The rates of an account in one region
/// (<a href="https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html">request throttling</a>). Each
/// action has a bucket of requests, and to terminate, stop or start has a bucket of instances. All shards of a process
/// and region share them.
/// </summary>
/// <param name="percent">Share of the account's rates, 1 to 100.</param>
/// <param name="time">The clock.</param>
internal sealed class Ec2Rates(int percent, TimeProvider time)
{
    /// <summary>Maximum wait of a call. A call that would wait longer fails; the next cycle retries it.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, TokenBucket> _requests = new();
    private readonly ConcurrentDictionary<string, TokenBucket> _instances = new();

    /// <summary>Runs a call when its tokens are available, also those of its <paramref name="instances"/>.</summary>
    /// <exception cref="CloudException">Throttled by EC2, or here because the wait would be too long.</exception>
    public async Task<T> RunAsync<T>(string action, int instances, Func<Task<T>> call, CancellationToken ct)
    {
        var requests = _requests.GetOrAdd(action, Requests);
        var resources = instances > 0 ? _instances.GetOrAdd(action, Instances) : null;
        if (requests.Take(1, MaxWait) is not { } wait) throw TooMany(action);
        if (resources is not null)
        {
            if (resources.Take(instances, MaxWait) is not { } longer) throw TooMany(action);
            if (longer > wait) wait = longer;
        }

        if (wait > TimeSpan.Zero) await Task.Delay(wait, time, ct);
        try
        {
            var answer = await call();
            requests.Answered();
            resources?.Answered();
            return answer;
        }
        catch (CloudException e) when (e.Fault == CloudFault.Throttled)
        {
            // EC2 does not say which bucket is empty.
            requests.Throttled();
            resources?.Throttled();
            throw;
        }
    }

    // EC2 grants half of this to a describe by id without filter and page size. Such calls are rare here.
    private TokenBucket Requests(string action) => action switch
    {
        "TerminateInstances" => Bucket(100, 5),
        "CreateTags" or "DeleteTags" => Bucket(100, 10),
        "StartInstances" => Bucket(5, 2),
        _ when action.StartsWith("Describe", StringComparison.Ordinal) => Bucket(100, 20),
        _ => Bucket(50, 5),
    };

    private TokenBucket Instances(string action) => Bucket(1000, action == "StartInstances" ? 2 : 20);

    private TokenBucket Bucket(double capacity, double perSecond) =>
        new(Math.Max(1, capacity * percent / 100), perSecond * percent / 100, time);

    private static CloudException TooMany(string action) => new(
        CloudFault.Throttled,
        $"EC2's rate for {action} is used up by the shards of this worker: the next cycle tries again "
        + "(fewer shards, or a higher --ec2-rate-percent)");
}
