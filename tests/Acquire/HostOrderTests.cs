using Nstance.Temporal.Activities.Acquire;
using Nstance.Temporal.Activities.Database;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Acquire;

public sealed class HostOrderTests
{
    private static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    [Theory]
    [InlineData(false, false, null, 0, null)]
    [InlineData(false, true, null, 0, "it has no database of nstance's server")]
    [InlineData(false, true, null, 29, "it has no database of nstance's server")]
    [InlineData(false, true, null, 30, null)]
    [InlineData(true, true, null, 0, null)]
    [InlineData(false, false, "host-a", 0, "its syncs failed, and other hosts go first")]
    [InlineData(true, true, "host-a", 29, "its syncs failed, and other hosts go first")]
    [InlineData(true, true, "host-a", 30, null)]
    [InlineData(false, false, "host-b", 0, null)]
    public void Require_AnotherHostMayComeFirst_DeclinesForAWhile(
        bool isShared, bool prefersShared, string? avoid, int waitedSeconds, string? why)
    {
        var input = new AcquireShardInput(Shard, default) { PreferShared = prefersShared, AvoidHost = avoid };
        Assert.Equal(why is not null, Declined(isShared, input, TimeSpan.FromSeconds(waitedSeconds)) is not null);
        var message = Declined(isShared, input, TimeSpan.FromSeconds(waitedSeconds))?.Message;
        Assert.Contains(why ?? "", message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Require_Declines_AnotherAttemptFollowsSoon()
    {
        var e = Declined(false, new(Shard, default) { PreferShared = true }, TimeSpan.Zero)!;

        Assert.Equal((ErrorTypes.HostDeclined, false), (e.ErrorType, e.NonRetryable));
        Assert.Equal(TimeSpan.FromSeconds(1), e.NextRetryDelay);
        Assert.StartsWith("host host-a declines: ", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Without the limit, no cycle would fail over to a host without the shared file.</summary>
    [Theory]
    [InlineData(600, 30)]
    [InlineData(60, 15)]
    public void Wait_ShortCycle_IsAQuarterOfItsTime(int cycleSeconds, int waitSeconds)
    {
        var settings = new GcSettings { CycleTimeout = TimeSpan.FromSeconds(cycleSeconds) };
        Assert.Equal(
            TimeSpan.FromSeconds(waitSeconds), HostOrder.Wait(new(Shard, default) { Settings = settings }));
    }

    private static ApplicationFailureException? Declined(bool isShared, AcquireShardInput input, TimeSpan waited)
    {
        var databases = new ShardDatabases
        {
            HostName = "host-a",
            DataDirectory = "/nowhere",
            SharedDatabasePath = isShared ? "/nowhere/nstance.db" : null,
        };
        return Record.Exception(() => HostOrder.Require(databases, input, waited)) as ApplicationFailureException;
    }
}
