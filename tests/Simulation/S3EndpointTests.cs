using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Simulation.S3;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

public sealed class S3EndpointTests : IAsyncLifetime
{
    private const string Bucket = "records";
    private SimulatedCloud _cloud = null!;
    private AmazonS3Client _s3 = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync(
            new SimulatedCloudOptions { Buckets = [Bucket], AccessKeys = ["AKIATEST"] });
        _s3 = _cloud.CreateS3();
    }

    public async ValueTask DisposeAsync()
    {
        _s3.Dispose();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public async Task PutAndGet_ChunkedBody_ReturnsTheSameBytesAndMd5ETag()
    {
        var body = new string('x', 200_000) + "é";

        var put = await Put("a/b c+ü.json", body);
        using var got = await _s3.GetObjectAsync(Bucket, "a/b c+ü.json");
        using var reader = new StreamReader(got.ResponseStream);

        Assert.Equal(body, await reader.ReadToEndAsync());
        Assert.Equal(put.ETag, got.ETag);
        Assert.Matches("^\"[0-9a-f]{32}\"$", put.ETag);
    }

    [Fact]
    public async Task Conditions_OfAnyKind_AreRefused()
    {
        var put = new PutObjectRequest { BucketName = Bucket, Key = "k", ContentBody = "two", IfNoneMatch = "*" };
        var delete = new DeleteObjectRequest { BucketName = Bucket, Key = "k", IfMatch = "\"00\"" };
        var several = new DeleteObjectsRequest { BucketName = Bucket, Objects = [new() { Key = "k", ETag = "00" }] };

        Assert.Equal("NotImplemented", (await Fails(() => _s3.PutObjectAsync(put))).ErrorCode);
        Assert.Equal("NotImplemented", (await Fails(() => _s3.DeleteObjectAsync(delete))).ErrorCode);
        Assert.Equal("MalformedXML", (await Fails(() => _s3.DeleteObjectsAsync(several))).ErrorCode);
        Assert.Null(_cloud.S3.Get(Bucket, "k"));
    }

    [Fact]
    public async Task DeleteObjects_MissingAndFailing_NamesOnlyTheFailing()
    {
        await Put("a", "1");
        await Put("b", "2");
        _cloud.Faults.Always("DeleteObjects:Key", Fault.Denied, key => key == "b");

        var request = new DeleteObjectsRequest
        {
            BucketName = Bucket,
            Quiet = true,
            Objects = [new() { Key = "a" }, new() { Key = "b" }, new() { Key = "c" }],
        };
        var error = await Assert.ThrowsAsync<DeleteObjectsException>(() => _s3.DeleteObjectsAsync(request));

        Assert.Equal("b", Assert.Single(error.Response.DeleteErrors).Key);
        Assert.Equal(["b"], _cloud.S3.Keys(Bucket, ""));
        Assert.Equal("a", Assert.Single(_cloud.S3.Deletions).Key);
    }

    [Fact]
    public async Task DeleteObjects_MoreThanAThousand_IsRefused()
    {
        var error = await Fails(() => _s3.DeleteObjectsAsync(new DeleteObjectsRequest
        {
            BucketName = Bucket,
            Objects = [.. Enumerable.Range(0, 1001).Select(i => new KeyVersion { Key = $"k{i}" })],
        }));

        Assert.Equal("MalformedXML", error.ErrorCode);
    }

    [Fact]
    public async Task Missing_BucketOrKeyOrCredentials_AnswerWithS3sErrors()
    {
        using var stranger = _cloud.CreateS3("AKIASTRANGER");

        Assert.Equal("NoSuchKey", (await Fails(() => _s3.GetObjectAsync(Bucket, "none"))).ErrorCode);
        Assert.Equal("NoSuchBucket", (await Fails(() => _s3.GetObjectAsync("nowhere", "none"))).ErrorCode);
        Assert.Equal("InvalidAccessKeyId", (await Fails(() => stranger.GetObjectAsync(Bucket, "none"))).ErrorCode);
        using var http = new HttpClient();
        var unsigned = await http.GetAsync(new Uri(_cloud.S3Url, "records/k"));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, unsigned.StatusCode);
    }

    [Fact]
    public async Task Delete_Object_IsLoggedWithItsCaller()
    {
        await Put("a", "1");

        await _s3.DeleteObjectAsync(Bucket, "a");
        await _s3.DeleteObjectAsync(Bucket, "a");

        var deletion = Assert.Single(_cloud.S3.Deletions);
        Assert.Equal(("a", "AKIATEST"), (deletion.Key, deletion.By));
    }

    [Fact]
    public async Task Faults_ThrottledThenCut_ReachTheClient()
    {
        _cloud.Faults.Script("GetObject", Fault.Throttled);
        _cloud.Faults.Always("GetObject", Fault.Cut);
        await Put("a", "1");

        Assert.Equal("SlowDown", (await Fails(() => _s3.GetObjectAsync(Bucket, "a"))).ErrorCode);
        await Assert.ThrowsAnyAsync<Exception>(() => _s3.GetObjectAsync(Bucket, "a"));
        _cloud.Faults.Clear();
        using var third = await _s3.GetObjectAsync(Bucket, "a");
        Assert.Equal(1, third.ContentLength);
    }

    [Fact]
    public void Dechunk_ChunksAndTrailer_GivesTheContent()
    {
        var body = S3Body.Dechunk(
            "3;chunk-signature=ab\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"u8);

        Assert.Equal("abcde", Encoding.ASCII.GetString(body));
    }

    [Theory]
    [InlineData("5\r\nabc\r\n0\r\n\r\n")]
    [InlineData("-1\r\nabc\r\n")]
    [InlineData("3\r\nabcd\r\n0\r\n\r\n")]
    [InlineData("3\r\nabc")]
    public void Dechunk_BrokenBody_IsRefused(string raw)
    {
        var error = Assert.Throws<S3Error>(() => S3Body.Dechunk(Encoding.ASCII.GetBytes(raw)));

        Assert.Equal(400, error.Status);
    }

    private Task<PutObjectResponse> Put(string key, string body) =>
        _s3.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = key, ContentBody = body });

    private static Task<AmazonS3Exception> Fails(Func<Task> call) => Assert.ThrowsAnyAsync<AmazonS3Exception>(call);
}
