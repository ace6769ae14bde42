using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Tests.Acquire;

/// <summary>A worker for one shard, and a collector with records in another place.</summary>
public sealed class NamedShardTests
{
    private static readonly ShardRef Named = new("prod", "a", "bucket", "x");

    private readonly ShardDatabases _databases = new()
    {
        HostName = "host-1",
        DataDirectory = "/nowhere",
        NamedShard = Named,
    };

    [Theory]
    [InlineData("bucket", "", "s3://bucket/")]
    [InlineData("bucket", "y", "s3://bucket/y/")]
    [InlineData("other", "x", "s3://other/x/")]
    public void Find_SameShardInAnotherPlace_IsDeclined(string bucket, string prefix, string place)
    {
        var fault = Assert.Throws<DatabaseException>(
            () => _databases.Find(new("prod", "a", bucket, prefix), mustExist: false));

        Assert.Equal(
            "the worker on host host-1 was started for prod/a in s3://bucket/x/, and the collector reads "
            + $"{place}: give both the same --bucket and --prefix",
            fault.Message);
    }

    [Fact]
    public void Find_SamePlaceOrAnotherShard_IsServed()
    {
        Assert.True(_databases.Find(Named, mustExist: false).Own);
        Assert.True(_databases.Find(new("prod", "b", "other"), mustExist: false).Own);
    }
}
