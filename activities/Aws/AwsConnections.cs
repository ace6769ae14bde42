using Amazon;
using Amazon.EC2;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.SecurityToken;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Settings of the connections to AWS. AWS's own chain (environment, profile, role) fills what is null.
/// </summary>
public sealed record AwsSettings
{
    /// <summary>Region of the bucket, and of a shard whose configuration names none.</summary>
    public string? Region { get; init; }

    /// <summary>
    /// EC2's endpoint; default <c>AWS_ENDPOINT_URL_EC2</c>, <c>AWS_ENDPOINT_URL</c>, else AWS itself.
    /// </summary>
    public Uri? Ec2Endpoint { get; init; }

    /// <summary>
    /// S3's endpoint, used in path style; default <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ENDPOINT_URL</c>, else AWS itself.
    /// </summary>
    public Uri? S3Endpoint { get; init; }

    /// <summary>Identity; default AWS's own chain.</summary>
    public AWSCredentials? Credentials { get; init; }

    /// <summary>
    /// Retries of the SDK for one call. Default 1: Temporal makes the long retries, and a call's time limit includes
    /// all tries.
    /// </summary>
    public int MaxErrorRetry { get; init; } = 1;

    /// <summary>
    /// Share of the account's EC2 rates for this process, in percent. Default 50, because nstance's servers need the
    /// rest.
    /// </summary>
    public int Ec2RatePercent { get; init; } = 50;
}

/// <summary>The clients that all shards of a process share: EC2's for each region, and S3's. Thread-safe.</summary>
/// <param name="settings">Settings of the connections.</param>
/// <param name="notice">Receives notes about endpoints for the operator. Default null.</param>
public sealed class AwsConnections(AwsSettings settings, Action<string>? notice = null) : IConnections, IDisposable
{
    private const string DefaultRegion = "us-east-1";

    private readonly Dictionary<string, (AmazonEC2Client Client, Ec2Rates Rates)> _regions = [];
    private readonly AdaptiveLimit _gets = new();
    private readonly ListInParts _inParts = new();
    private readonly SingleDeletes _singles = new(notice ?? (_ => { }));
    private readonly Lock _lock = new();
    private AmazonS3Client? _s3;

    string IConnections.Provider => "aws";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (client, _) in _regions.Values) client.Dispose();
        _s3?.Dispose();
        _gets.Dispose();
    }

    IRecordStore IConnections.Records(TimeSpan requestTimeout) => new S3RecordStore(Buckets(requestTimeout), _gets);

    IAuditStore IConnections.Audit(TimeSpan requestTimeout) => new S3AuditStore(Buckets(requestTimeout));

    IPlanStore IConnections.Plans(TimeSpan requestTimeout) => new S3PlanStore(Buckets(requestTimeout));

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout)
    {
        var (client, aws) = Ec2(region, requestTimeout);
        return new Ec2Cloud(client, aws, _inParts);
    }

    /// <summary>Gets the endpoint of requests for buckets.</summary>
    internal Uri BucketEndpoint => new(Endpoint("S3") ?? $"https://s3.{Region(null, "S3")}.amazonaws.com");

    /// <summary>Returns the client of a region; null: the worker's own region.</summary>
    internal (AmazonEC2Client Client, AwsCall Aws) Ec2(string? region, TimeSpan timeout)
    {
        var name = Region(region, "EC2");
        var endpoint = Endpoint("EC2");
        lock (_lock)
        {
            if (!_regions.TryGetValue(name, out var known))
            {
                known.Client = new(Configure(new AmazonEC2Config(), name, endpoint));
                AnswerTimes.Listen(known.Client);
                known.Rates = new(settings.Ec2RatePercent, TimeProvider.System);
                _regions.Add(name, known);
            }

            return (known.Client, new AwsCall("EC2", endpoint ?? name, timeout) { Rates = known.Rates });
        }
    }

    /// <summary>
    /// Returns a client of the token service, which the caller disposes; null if only EC2 has a custom endpoint.
    /// </summary>
    internal (AmazonSecurityTokenServiceClient Client, AwsCall Aws)? TokenService(string? region, TimeSpan timeout)
    {
        var endpoint = Endpoint("STS");
        if (endpoint is null && Endpoint("EC2") is not null) return null;
        var name = Region(region, "EC2");
        var config = Configure(new AmazonSecurityTokenServiceConfig(), name, endpoint);
        return (new(config), new AwsCall("STS", endpoint ?? name, timeout));
    }

    private Func<string, S3Bucket> Buckets(TimeSpan timeout)
    {
        var region = Region(null, "S3");
        var endpoint = Endpoint("S3");
        AmazonS3Client client;
        lock (_lock)
        {
            // Path style, because a custom endpoint has no host name for each bucket.
            var config = new AmazonS3Config { ForcePathStyle = endpoint is not null };
            if (endpoint is not null) UseFewChecksums(config);
            client = _s3 ??= new(Configure(config, region, endpoint));
        }

        return bucket => new(client, new("S3", endpoint ?? region, timeout), bucket, _singles);
    }

    /// <summary>
    /// Stores with S3's API may not know AWS's newer checksums, so the SDK sends them only where S3 requires one. AWS's
    /// environment variables override that.
    /// </summary>
    private static void UseFewChecksums(AmazonS3Config config)
    {
        if (Text("AWS_REQUEST_CHECKSUM_CALCULATION") is null)
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        if (Text("AWS_RESPONSE_CHECKSUM_VALIDATION") is null)
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
    }

    private T Configure<T>(T config, string region, string? endpoint)
        where T : ClientConfig
    {
        config.RetryMode = RequestRetryMode.Standard;
        config.MaxErrorRetry = settings.MaxErrorRetry;
        config.DefaultAWSCredentials = settings.Credentials;
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

        // AWS's chain ends at the metadata service, which takes seconds to time out outside of AWS. A custom endpoint
        // needs a region only for signatures.
        if (Endpoint(service) is not null) return Text("AWS_REGION") ?? Text("AWS_DEFAULT_REGION") ?? DefaultRegion;
        return FallbackRegionFactory.GetRegionEndpoint()?.SystemName ?? throw new CloudException(
            CloudFault.Invalid, "no AWS region: set AWS_REGION, or region in the AWS profile")
        { Code = "NoRegion" };
    }

    /// <summary>Returns the custom endpoint of a service; null for AWS itself.</summary>
    private string? Endpoint(string service)
    {
        var own = service switch { "EC2" => settings.Ec2Endpoint, "S3" => settings.S3Endpoint, _ => null };
        if (own is not null) return own.ToString();
        var ignored = "true".Equals(Text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), StringComparison.OrdinalIgnoreCase);
        return ignored ? null : Text("AWS_ENDPOINT_URL_" + service) ?? Text("AWS_ENDPOINT_URL");
    }

    private static string? Text(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
