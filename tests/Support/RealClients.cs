using Amazon.Runtime;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// The collector's own connections to a simulated cloud, without retries of the SDK, so that each fault is seen.
/// </summary>
internal static class RealClients
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static AwsConnections Connect(this SimulatedCloud cloud, Action<string>? notice = null) => new(new()
    {
        Region = "us-west-2",
        Ec2Endpoint = cloud.Ec2Url,
        S3Endpoint = cloud.S3Url,
        Credentials = new BasicAWSCredentials("test", "test"),
        MaxErrorRetry = 0,
    }, notice);

    public static async Task<List<T>> AllAsync<T>(this IAsyncEnumerable<IReadOnlyList<T>> pages)
    {
        var all = new List<T>();
        await foreach (var page in pages) all.AddRange(page);
        return all;
    }
}
