using Amazon;
using Amazon.EC2;
using Amazon.Runtime;
using Amazon.S3;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Support;

/// <summary>The real SDK clients, pointed at the simulated cloud; no retries unless asked for.</summary>
internal static class CloudClients
{
    static CloudClients() => AWSConfigs.InitializeCollections = true;

    public static AmazonEC2Client CreateEc2(
        this SimulatedCloud cloud, string accessKey = "AKIATEST", int retries = 0) =>
        new(new BasicAWSCredentials(accessKey, "secret"), new AmazonEC2Config
        {
            ServiceURL = cloud.Ec2Url.ToString(),
            AuthenticationRegion = "us-west-2",
            MaxErrorRetry = retries,
        });

    public static AmazonS3Client CreateS3(this SimulatedCloud cloud, string accessKey = "AKIATEST", int retries = 0) =>
        new(new BasicAWSCredentials(accessKey, "secret"), new AmazonS3Config
        {
            ServiceURL = cloud.S3Url.ToString(),
            AuthenticationRegion = "us-west-2",
            ForcePathStyle = true,
            MaxErrorRetry = retries,
        });
}
