using Amazon.S3;
using Amazon.S3.Model;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>Listings of the simulated S3.</summary>
public sealed class S3ListTests : IAsyncLifetime
{
    private const string Bucket = "records";
    private SimulatedCloud _cloud = null!;
    private AmazonS3Client _s3 = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync(new SimulatedCloudOptions { Buckets = [Bucket] });
        _s3 = _cloud.CreateS3();
    }

    public async ValueTask DisposeAsync()
    {
        _s3.Dispose();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public async Task ListObjectsV2_Pages_ReturnEachKeyOnceInOrder()
    {
        foreach (var i in Enumerable.Range(0, 25))
            _cloud.S3.Put(Bucket, $"shard/a/instance/t.{i:00} +%.json", []);
        _cloud.S3.Put(Bucket, "shard/b/instance/t.json", []);
        var keys = new List<string>();
        string? token = null;
        do
        {
            var page = await _s3.ListObjectsV2Async(new ListObjectsV2Request
            {
                BucketName = Bucket,
                Prefix = "shard/a/",
                MaxKeys = 10,
                ContinuationToken = token,
            });
            keys.AddRange(page.S3Objects.Select(o => o.Key));
            token = page.NextContinuationToken;
        }
        while (token is not null);

        Assert.Equal(_cloud.S3.Keys(Bucket, "shard/a/"), keys);
        Assert.Equal(3, _cloud.Calls["ListObjectsV2"]);
    }

    [Fact]
    public async Task ListObjectsV2_OddKeys_ComeInTheOrderOfTheirBytes()
    {
        string[] keys = ["%41+b c", "a~", "a\u007f", "é", "\uffee", "😀"];
        foreach (var key in keys) _cloud.S3.Put(Bucket, key, []);

        var plain = await _s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket });
        var encoded = await _s3.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = Bucket, Encoding = EncodingType.Url });
        var first = await _s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket, MaxKeys = 4 });
        var later = await _s3.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = Bucket, ContinuationToken = first.NextContinuationToken });

        Assert.Equal(keys, plain.S3Objects.Select(o => o.Key));
        Assert.Equal(
            ["%2541%2Bb+c", "a%7E", "a%7F", "%C3%A9", "%EF%BF%AE", "%F0%9F%98%80"],
            encoded.S3Objects.Select(o => o.Key));
        Assert.Equal(["\uffee", "😀"], later.S3Objects.Select(o => o.Key));
    }

    [Fact]
    public async Task ListObjectsV2_NoKeysAskedForOrForeignToken_AnswersAsS3Does()
    {
        _cloud.S3.Put(Bucket, "a", []);

        var none = await _s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket, MaxKeys = 0 });
        var foreign = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => _s3.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = Bucket, ContinuationToken = "a" }));

        Assert.False(none.IsTruncated);
        Assert.Equal("InvalidArgument", foreign.ErrorCode);
    }
}
