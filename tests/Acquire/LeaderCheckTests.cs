using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Acquire;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Acquire;

/// <summary>A host with a shared file works only while nstance leads from it.</summary>
public sealed class LeaderCheckTests : IDisposable
{
    private const string Shard = "prod-eu/us-west-2a";

    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Acquire_LeaderHasThisServersId_NamesItAndSinceWhen()
    {
        var result = await Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));

        Assert.Equal(new(LeaderFile.Id, LeaderFile.Address, _shard.AsOf), result.Leader);
        var sync = await Activities().SyncProviderAsync(_shard.Input with { AsOf = _shard.AsOf.AddMinutes(2) });
        Assert.Equal(result.Leader, sync.Leader);
    }

    [Fact]
    public async Task Acquire_LeaderHasThisMachinesAddress_Accepts()
    {
        var asked = new List<string>();
        var result = await Activities(id: null, host =>
        {
            asked.Add(host);
            return AddressMatch.Own;
        }).AcquireShardAsync(new(_shard.Shard, _shard.AsOf));

        Assert.Equal(LeaderFile.Id, result.Leader?.Id);
        Assert.Equal(["10.0.3.4"], asked);
    }

    [Theory]
    [InlineData(nameof(AddressMatch.Other), ", not this host")]
    [InlineData(nameof(AddressMatch.Unclear), ", and that address does not identify a host: set --nstance-server-id")]
    public Task Acquire_LeaderHasAnotherAddress_Declines(string match, string why) => AssertDeclinesAsync(
        $"host host-a declines: nstance's leader for {Shard} is nst-1 at 10.0.3.4:9000{why}",
        Activities(id: null, _ => Enum.Parse<AddressMatch>(match)));

    [Fact]
    public Task Acquire_LeaderHasAnotherId_Declines() => AssertDeclinesAsync(
        $"host host-a declines: nstance's leader for {Shard} is nst-1 at 10.0.3.4:9000, not this host (nst-2)",
        Activities("nst-2"));

    [Fact]
    public Task Acquire_LeaderIsDead_Declines()
    {
        _shard.Records.Leader = () => LeaderFile.Of("nst-1", "", _shard.AsOf.AddSeconds(-90.5));
        return AssertDeclinesAsync(
            $"host host-a declines: nstance has no leader for {Shard}: last seen nst-1 1m30s ago",
            type: ErrorTypes.NoLeader);
    }

    [Fact]
    public Task Acquire_LeaderResigned_Declines()
    {
        _shard.Records.Leader = () => LeaderFile.Of("nst-1", "", DateTimeOffset.MinValue);
        return AssertDeclinesAsync(
            $"host host-a declines: nstance has no leader for {Shard}: nst-1 resigned", type: ErrorTypes.NoLeader);
    }

    [Fact]
    public Task Acquire_NoLeaderFile_Declines()
    {
        _shard.Records.Leader = () => null;
        return AssertDeclinesAsync(
            $"host host-a declines: nstance has no leader for {Shard}: "
            + "the bucket holds no shard/us-west-2a/leader.json",
            type: ErrorTypes.NoLeader);
    }

    [Fact]
    public Task Acquire_LeaderFileIsNotJson_Declines()
    {
        _shard.Records.Leader = () => "{\"leaderID\": secret"u8.ToArray();
        return AssertDeclinesAsync(
            $"host host-a declines: nstance's leader for {Shard} is not known: "
            + "shard/us-west-2a/leader.json is not valid JSON (line 1)");
    }

    [Fact]
    public Task Acquire_LeaderFileIsNotReadable_Declines()
    {
        _shard.Records.LeaderFault = new(CloudFault.Transient, "S3: 503");
        return AssertDeclinesAsync(
            $"host host-a declines: nstance's leader for {Shard} is not known: "
            + "shard/us-west-2a/leader.json could not be read: S3: 503");
    }

    [Fact]
    public async Task Acquire_LeaderFileIsDenied_SaysSo()
    {
        _shard.Records.LeaderFault = new(CloudFault.Denied, "S3 refused GetObject");
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(AcquireAsync);
        Assert.Equal((ErrorTypes.Denied, "S3 refused GetObject"), (e.ErrorType, e.Message));
    }

    [Fact]
    public async Task Acquire_OwnFile_DoesNotReadTheLeader()
    {
        _shard.Records.LeaderFault = new(CloudFault.Denied, "must not be read");
        var own = _shard.Activities(own: true);

        var result = await own.AcquireShardAsync(new(_shard.Shard, _shard.AsOf));

        Assert.Null(result.Leader);
        Assert.Null((await own.SyncProviderAsync(_shard.Input)).Leader);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("collect")]
    [InlineData("health")]
    public async Task Phase_LeaderMoved_GivesUpTheShard(string phase)
    {
        await AcquireAsync();
        _shard.Records.Leader = () => LeaderFile.Alive(_shard.AsOf, "nst-2");

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => RunAsync(phase));

        Assert.Equal((ErrorTypes.ShardNotHeld, true), (e.ErrorType, e.NonRetryable));
        Assert.Equal(
            $"nstance's leader for {Shard} is nst-2 at 10.0.3.4:9000, not this host (nst-1)", e.Message);
        Assert.Empty(_shard.Cloud.TerminateCalls);
        Assert.Empty(_shard.Events.Batches);
    }

    [Fact]
    public async Task Sync_LeaderFileIsNotReadable_IsRetriedOnThisHost()
    {
        await AcquireAsync();
        _shard.Records.LeaderFault = new(CloudFault.Transient, "S3: 503");
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => RunAsync("sync"));
        Assert.Equal((ErrorTypes.Unavailable, false), (e.ErrorType, e.NonRetryable));
    }

    [Fact]
    public async Task Sync_LeaderFileIsNotJson_GivesUpTheShard()
    {
        await AcquireAsync();
        _shard.Records.Leader = () => "nst-1"u8.ToArray();
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => RunAsync("sync"));
        Assert.Equal((ErrorTypes.ShardNotHeld, true), (e.ErrorType, e.NonRetryable));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    [InlineData("")]
    [InlineData("no such host")]
    public async Task Match_AddressOfNoSingleHost_IsUnclear(string host) => Assert.Equal(
        AddressMatch.Unclear, await LocalAddresses.MatchAsync(host, TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("own", null, 0, true)]
    [InlineData("own", null, 29, true)]
    [InlineData("own", null, 30, false)]
    [InlineData("own", "host-b", 0, false)]
    [InlineData("shared", null, 0, false)]
    [InlineData("own and the leader is dead", null, 0, false)]
    [InlineData("own and no leader", null, 0, false)]
    [InlineData("own and S3 fails", null, 0, false)]
    [InlineData("own and S3 refuses", null, 0, false)]
    public async Task LetLeadersHostGoFirst_FirstHostOfTheShard_DeclinesForAWhileWithoutNstancesDatabase(
        string host, string? previous, int waitedSeconds, bool declines)
    {
        if (host.Contains("dead", StringComparison.Ordinal))
            _shard.Records.Leader = () => LeaderFile.Of("nst-1", "", _shard.AsOf.AddSeconds(-90));
        if (host.Contains("no leader", StringComparison.Ordinal)) _shard.Records.Leader = () => null;
        if (host.Contains("S3", StringComparison.Ordinal))
        {
            var fault = host.EndsWith("refuses", StringComparison.Ordinal) ? CloudFault.Denied : CloudFault.Transient;
            _shard.Records.LeaderFault = new(fault, "S3: no");
        }

        var databases = new ShardDatabases
        {
            HostName = "host-a",
            DataDirectory = _shard.OwnFolder,
            SharedDatabasePath = host == "shared" ? _shard.DatabasePath : null,
        };
        var time = new StoppedClock { Time = () => _shard.AsOf };
        var check = new LeaderCheck(databases, _shard.Records, _shard.Shard, time);
        var e = await Record.ExceptionAsync(() => check.LetLeadersHostGoFirstAsync(
            new(_shard.Shard, _shard.AsOf) { PreviousHost = previous }, TimeSpan.FromSeconds(waitedSeconds), default));

        Assert.Equal(
            declines
                ? "host host-a declines: it has no database of nstance's server, "
                    + "and the host of nst-1 at 10.0.3.4:9000 goes first"
                : null,
            e?.Message);
    }

    [Theory]
    [InlineData("203.0.113.7")]
    [InlineData("::ffff:203.0.113.7")]
    [InlineData("2001:db8::7")]
    public async Task Match_AnotherMachine_IsOther(string host) => Assert.Equal(
        AddressMatch.Other, await LocalAddresses.MatchAsync(host, TestContext.Current.CancellationToken));

    [Fact]
    public async Task Match_EachAddressOfThisMachine_IsOwn()
    {
        var own = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !System.Net.IPAddress.IsLoopback(address));
        foreach (var address in own)
        {
            var match = await LocalAddresses.MatchAsync($"{address}", TestContext.Current.CancellationToken);
            Assert.Equal(AddressMatch.Own, match);
        }
    }

    private GcActivities Activities(string? id = LeaderFile.Id, Func<string, AddressMatch>? match = null) => new(
        new ShardDatabases
        {
            HostName = "host-a",
            DataDirectory = _shard.OwnFolder,
            SharedDatabasePath = _shard.DatabasePath,
            NstanceServerId = id,
            MatchAddress = match is null ? null : (host, _) => Task.FromResult(match(host)),
        },
        _shard,
        _ => _shard.Events,
        new StoppedClock { Time = () => _shard.AsOf });

    private Task<AcquireShardResult> AcquireAsync() => Activities().AcquireShardAsync(new(_shard.Shard, _shard.AsOf));

    private Task RunAsync(string phase) => phase switch
    {
        "sync" => Activities().SyncProviderAsync(_shard.Input),
        "collect" => Activities().CollectAsync(_shard.Input),
        _ => Activities().ScanHealthAsync(_shard.Input),
    };

    private async Task AssertDeclinesAsync(
        string sentence, GcActivities? activities = null, string type = ErrorTypes.HostDeclined)
    {
        var input = new AcquireShardInput(_shard.Shard, _shard.AsOf);
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => (activities ?? Activities()).AcquireShardAsync(input));
        Assert.Equal((type, false, sentence), (e.ErrorType, e.NonRetryable, e.Message));
    }
}
