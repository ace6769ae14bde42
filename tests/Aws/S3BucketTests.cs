using Amazon.Runtime;
using Amazon.S3;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>Listings of endpoints that encode keys, and of those that do not.</summary>
public sealed class S3BucketTests
{
    [Theory]
    [InlineData("<Key>p/a%2Bb+c%01%C3%A9</Key>", "<EncodingType>url</EncodingType>", "p/a+b c\u0001é")]
    [InlineData("<Key>p%2Fa</Key>", "<EncodingType>url</EncodingType>", "p/a")]
    [InlineData("<Key>p/a+b%41</Key>", "", "p/a+b%41")]
    public async Task ListAsync_EncodedOrNot_GivesTheKeyItself(string key, string encoding, string expected) =>
        Assert.Equal(expected, Assert.Single(await ListAsync(key, encoding)).Key);

    [Fact]
    public async Task ListAsync_KeyOutsideThePrefix_IsNoListing()
    {
        var fault = await Assert.ThrowsAsync<CloudException>(() => ListAsync("<Key>p%2Fa</Key>", ""));

        Assert.Equal(CloudFault.Transient, fault.Fault);
    }

    private static async Task<List<RecordObject>> ListAsync(string key, string encoding)
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(
            $"""
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Name>b</Name><IsTruncated>false</IsTruncated>{encoding}
            <Contents>{key}<ETag>"1"</ETag><Size>1</Size></Contents></ListBucketResult>
            """));
        using var client = new AmazonS3Client(new BasicAWSCredentials("a", "b"), new AmazonS3Config
        {
            ServiceURL = server.Url.ToString(),
            ForcePathStyle = true,
            MaxErrorRetry = 0,
        });
        var bucket = new S3Bucket(client, new("S3", "here", RealClients.Timeout), "b", new(_ => { }));
        return await bucket.ListAsync("p/", default).AllAsync();
    }
}
