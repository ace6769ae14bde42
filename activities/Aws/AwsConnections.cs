using System.Collections.Concurrent;
using Amazon;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.SecurityToken;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>How AWS is reached. What is null comes from AWS's own chain: environment, profile, role.</summary>
public sealed record AwsSettings
{
    /// <summary>Region of the bucket, and of a shard whose configuration names none.</summary>
    public string? Region { get; init; }

    /// <summary>EC2's endpoint; default <c>AWS_ENDPOINT_URL_EC2</c>, <c>AWS_ENDPOINT_URL</c>, else AWS itself.</summary>
    public Uri? Ec2Endpoint { get; init; }

    /// <summary>S3's endpoint, spoken to in path style; default <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ENDPOINT_URL</c>, else AWS itself.</summary>
    public Uri? S3Endpoint { get; init; }

    /// <summary>Identity; default AWS's own chain.</summary>
    public AWSCredentials? Credentials { get; init; }

    /// <summary>
    /// Retries inside the SDK for one call. Default 1: Temporal does the long retries, and a call's time limit holds for
    /// all tries together.
    /// </summary>
    public int MaxErrorRetry { get; init; } = 1;

    /// <summary>
    /// Part of the account's EC2 rates that this process may use, in percent. Default 50: nstance's servers need the rest.
    /// </summary>
    public int Ec2RatePercent { get; init; } = 50;
}

/// <summary>The clients of a process: one of EC2 for each region, one of S3, shared by all shards. Thread-safe.</summary>
/// <param name="settings">How AWS is reached.</param>
public sealed class AwsConnections(AwsSettings settings) : IConnections, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<AmazonEC2Client>> _ec2 = new();
    private readonly ConcurrentDictionary<string, Ec2Rates> _rates = new();
    private readonly AdaptiveLimit _gets = new();
    private readonly ListInParts _inParts = new();
    private readonly Lock _lock = new();
    private AmazonS3Client? _s3;

    /// <summary>
    /// Asks bucket and cloud once, harmlessly, as a shard's cycle would.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="region">Region of its instances; null: the worker's own.</param>
    /// <param name="requestTimeout">Maximum time for a call.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What is wrong, one sentence each with what to do; empty when both answer. Never throws for AWS's sake.</returns>
    public async Task<IReadOnlyList<string>> CheckAsync(
        ShardRef shard, string? region, TimeSpan requestTimeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(shard);
        var faults = new List<string>();
        try
        {
            var (s3, aws) = S3(requestTimeout);
            var list = new ListObjectsV2Request { BucketName = shard.Bucket, Prefix = $"shard/{shard.Shard}/", MaxKeys = 1 };
            await aws.RunAsync("ListObjectsV2", ct => s3.ListObjectsV2Async(list, ct), cancellationToken);
        }
        catch (CloudException e)
        {
            faults.Add(S3RecordStore.Named(e, shard.Bucket).Message);
        }

        try
        {
            var (ec2, aws) = Ec2(region, requestTimeout);
            var describe = new DescribeInstancesRequest
            {
                Filters = [new Amazon.EC2.Model.Filter($"tag:{CloudTags.ClusterId}", [shard.Cluster])],
                MaxResults = 5,
            };
            await aws.RunAsync("DescribeInstances", ct => ec2.DescribeInstancesAsync(describe, ct), cancellationToken);
        }
        catch (CloudException e)
        {
            faults.Add(e.Message);
        }

        return [.. faults.Distinct()];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _ec2.Values.Where(c => c.IsValueCreated)) client.Value.Dispose();
        _s3?.Dispose();
    }

    IRecordStore IConnections.Records(TimeSpan requestTimeout)
    {
        var (client, aws) = S3(requestTimeout);
        return new S3RecordStore(client, aws, _gets);
    }

    IAuditStore IConnections.Audit(TimeSpan requestTimeout)
    {
        var (client, aws) = S3(requestTimeout);
        return new S3AuditStore(client, aws);
    }

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout)
    {
        var (client, aws) = Ec2(region, requestTimeout);
        return new Ec2Cloud(client, aws, _inParts);
    }

    internal (AmazonEC2Client Client, AwsCall Aws) Ec2(string? region, TimeSpan timeout)
    {
        var name = Region(region, "EC2");
        var endpoint = settings.Ec2Endpoint?.ToString() ?? FromEnvironment("EC2");
        var client = _ec2.GetOrAdd(name, _ => new Lazy<AmazonEC2Client>(() =>
        {
            var config = Configure(new AmazonEC2Config(), name, endpoint);
            return settings.Credentials is { } own ? new AmazonEC2Client(own, config) : new AmazonEC2Client(config);
        })).Value;
        var rates = _rates.GetOrAdd(name, _ => new(settings.Ec2RatePercent, TimeProvider.System));
        return (client, new AwsCall("EC2", endpoint ?? name, timeout) { Rates = rates });
    }

    /// <summary>Where the bucket's requests go.</summary>
    internal Uri BucketEndpoint => settings.S3Endpoint
        ?? new(FromEnvironment("S3") ?? $"https://s3.{Region(null, "S3")}.amazonaws.com");

    /// <summary>A client of the token service, for the caller to dispose; null: EC2 is another endpoint's, and names none.</summary>
    internal (AmazonSecurityTokenServiceClient Client, AwsCall Aws)? TokenService(string? region, TimeSpan timeout)
    {
        var endpoint = FromEnvironment("STS");
        if (endpoint is null && (settings.Ec2Endpoint is not null || FromEnvironment("EC2") is not null)) return null;
        var name = Region(region, "EC2");
        var config = Configure(new AmazonSecurityTokenServiceConfig(), name, endpoint);
        var client = settings.Credentials is { } own
            ? new AmazonSecurityTokenServiceClient(own, config)
            : new AmazonSecurityTokenServiceClient(config);
        return (client, new AwsCall("STS", endpoint ?? name, timeout));
    }

    private (AmazonS3Client Client, AwsCall Aws) S3(TimeSpan timeout)
    {
        var name = Region(null, "S3");
        var endpoint = settings.S3Endpoint?.ToString() ?? FromEnvironment("S3");
        lock (_lock)
        {
            if (_s3 is null)
            {
                // Path style: a custom endpoint has no name for each bucket.
                var config = Configure(new AmazonS3Config { ForcePathStyle = endpoint is not null }, name, endpoint);
                _s3 = settings.Credentials is { } own ? new AmazonS3Client(own, config) : new AmazonS3Client(config);
            }
        }

        return (_s3, new AwsCall("S3", endpoint ?? name, timeout));
    }

    private T Configure<T>(T config, string region, string? endpoint)
        where T : ClientConfig
    {
        config.RetryMode = RequestRetryMode.Standard;
        config.MaxErrorRetry = settings.MaxErrorRetry;
        if (endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region;
        }

        return config;
    }

    private string Region(string? wanted, string service)
    {
        if ((wanted ?? settings.Region) is { Length: > 0 } named) return named;
        var endpoint = service == "EC2" ? settings.Ec2Endpoint : settings.S3Endpoint;

        // The chain ends at the metadata service, which is slow to be absent: not asked when we have an endpoint.
        if (endpoint is null && FromEnvironment(service) is null)
        {
            return FallbackRegionFactory.GetRegionEndpoint()?.SystemName ?? throw new CloudException(
                CloudFault.Invalid, "no AWS region: set AWS_REGION, or region in the AWS profile");
        }

        return Environment.GetEnvironmentVariable("AWS_REGION")
            ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION") ?? "us-east-1";
    }

    private static string? FromEnvironment(string service) =>
        string.Equals(
            Environment.GetEnvironmentVariable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true",
            StringComparison.OrdinalIgnoreCase)
            ? null
            : Text("AWS_ENDPOINT_URL_" + service) ?? Text("AWS_ENDPOINT_URL");

    private static string? Text(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
