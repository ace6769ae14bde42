using Amazon.EC2;
using Amazon.EC2.Model;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

public sealed class Ec2EndpointTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private SimulatedCloud _cloud = null!;
    private AmazonEC2Client _ec2 = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync(new SimulatedCloudOptions
        {
            Clock = _clock,
            BootTime = TimeSpan.FromSeconds(20),
            ShutdownTime = TimeSpan.FromSeconds(30),
            AccessKeys = ["AKIATEST"],
        });
        _ec2 = _cloud.CreateEc2();
    }

    public async ValueTask DisposeAsync()
    {
        _ec2.Dispose();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public async Task DescribeInstances_Life_GoesFromPendingToInvisible()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec { Tags = Tags("web-1") })[0].Id;

        Assert.Equal("pending", await StateOf(id));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("running", await StateOf(id));
        await _ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [id] });
        Assert.Equal("stopping", await StateOf(id));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("stopped", await StateOf(id));
        await _ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [id] });
        Assert.Equal("shutting-down", await StateOf(id));
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("terminated", await StateOf(id));
        _clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal("InvalidInstanceID.NotFound", (await Fails(() => StateOf(id))).ErrorCode);
        Assert.Equal("AKIATEST", _cloud.Ec2.Find(id)!.EndedBy);
    }

    [Fact]
    public async Task DescribeInstances_Paged_ReturnsEachMatchOnce()
    {
        _cloud.Ec2.Launch(new LaunchSpec { Count = 37, Tags = Tags("a") });
        _cloud.Ec2.Launch(new LaunchSpec { Count = 9, Tags = Tags("b") });
        var seen = new List<string>();
        var pages = 0;
        string? token = null;
        do
        {
            var page = await _ec2.DescribeInstancesAsync(new DescribeInstancesRequest
            {
                MaxResults = 10,
                NextToken = token,
                Filters = [new Filter("tag:nstance:instance-id", ["a"])],
            });
            seen.AddRange(page.Reservations.SelectMany(r => r.Instances).Select(i => i.InstanceId));
            token = page.NextToken;
            pages++;
        }
        while (!string.IsNullOrEmpty(token));

        Assert.Equal(4, pages);
        Assert.Equal(37, seen.Distinct().Count());
        Assert.Equal(37, seen.Count);
    }

    [Theory]
    [InlineData("tag:nstance:instance-id", "we*-?", 1)]
    [InlineData("tag:nstance:instance-id", "we?", 0)]
    [InlineData("tag:nstance:instance-id", "web\\-1", 1)]
    [InlineData("instance-state-name", "running", 0)]
    [InlineData("instance-state-name", "pending", 1)]
    public async Task DescribeInstances_Filter_MatchesAsEc2Does(string name, string value, int expected)
    {
        _cloud.Ec2.Launch(new LaunchSpec { Tags = Tags("web-1") });

        var page = await _ec2.DescribeInstancesAsync(
            new DescribeInstancesRequest { Filters = [new Filter(name, [value])] });

        Assert.Equal(expected, page.Reservations.Count);
    }

    [Fact]
    public async Task DescribeInstances_BadQuestions_AnswerWithEc2sErrors()
    {
        Task<DescribeInstancesResponse> Ask(Action<DescribeInstancesRequest> change)
        {
            var request = new DescribeInstancesRequest();
            change(request);
            return _ec2.DescribeInstancesAsync(request);
        }

        Assert.Equal("InvalidParameterValue", (await Fails(() => Ask(r => r.MaxResults = 4))).ErrorCode);
        Assert.Equal("InvalidNextToken", (await Fails(() => Ask(r => r.NextToken = "???"))).ErrorCode);
        var filter = new Filter("colour", ["red"]);
        Assert.Equal("InvalidParameterValue", (await Fails(() => Ask(r => r.Filters = [filter]))).ErrorCode);
        Assert.Equal("FilterLimitExceeded", (await Fails(() => Ask(r =>
            r.Filters = [new Filter("instance-id", [.. Enumerable.Range(0, 201).Select(i => $"{i}")])]))).ErrorCode);
        Assert.Equal("InvalidInstanceID.Malformed", (await Fails(() => Ask(r => r.InstanceIds = ["web-1"]))).ErrorCode);
        var gone = await Fails(() => Ask(r => r.InstanceIds = ["i-0123456789abcdef0", "i-0123456789abcdef1"]));
        Assert.Equal("The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist", gone.Message);
    }

    [Fact]
    public async Task TerminateInstances_OneUnknownId_TerminatesNone()
    {
        var machine = _cloud.Ec2.Launch(new LaunchSpec())[0];

        var error = await Fails(() => _ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [machine.Id, "i-0123456789abcdef0"] }));

        Assert.Equal("InvalidInstanceID.NotFound", error.ErrorCode);
        Assert.Equal("The instance ID 'i-0123456789abcdef0' does not exist", error.Message);
        Assert.True(_cloud.Ec2.Find(machine.Id)!.Alive);
    }

    [Fact]
    public async Task TerminateInstances_OneProtected_TerminatesOnlyInZonesWithoutOne()
    {
        var guarded = _cloud.Ec2.Launch(new LaunchSpec { TerminationProtected = true })[0].Id;
        var neighbour = _cloud.Ec2.Launch(new LaunchSpec())[0].Id;
        var elsewhere = _cloud.Ec2.Launch(new LaunchSpec { Zone = "us-west-2b" })[0].Id;

        var error = await Fails(() => _ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [guarded, neighbour, elsewhere] }));

        Assert.Equal("OperationNotPermitted", error.ErrorCode);
        Assert.Contains(guarded, error.Message, StringComparison.Ordinal);
        Assert.True(_cloud.Ec2.Find(guarded)!.Alive);
        Assert.True(_cloud.Ec2.Find(neighbour)!.Alive);
        Assert.False(_cloud.Ec2.Find(elsewhere)!.Alive);
    }

    [Fact]
    public async Task DryRun_WouldSucceed_ChangesNothing()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec())[0].Id;

        var error = await Fails(() => _ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [id], DryRun = true }));

        Assert.Equal("DryRunOperation", error.ErrorCode);
        Assert.True(_cloud.Ec2.Find(id)!.Alive);
    }

    [Fact]
    public async Task AnyCall_WrongKeyOrUnknownAction_IsRefused()
    {
        using var stranger = _cloud.CreateEc2("AKIASTRANGER");

        Assert.Equal("AuthFailure", (await Fails(() => stranger.DescribeInstancesAsync())).ErrorCode);
        Assert.Equal("InvalidAction", (await Fails(() => _ec2.DescribeVpcsAsync(new DescribeVpcsRequest()))).ErrorCode);
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("Action", "DescribeInstances")]);
        var unsigned = await http.PostAsync(_cloud.Ec2Url, form);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, unsigned.StatusCode);
    }

    [Fact]
    public async Task Faults_ScriptedOnTheSecondCall_HitThatPageAlone()
    {
        _cloud.Ec2.Launch(new LaunchSpec { Count = 12 });
        _cloud.Faults.Script("DescribeInstances", Fault.None, Fault.Throttled, Fault.Truncated(3));

        var first = await _ec2.DescribeInstancesAsync(new DescribeInstancesRequest { MaxResults = 5 });
        var next = new DescribeInstancesRequest { MaxResults = 5, NextToken = first.NextToken };
        var throttled = await Fails(() => _ec2.DescribeInstancesAsync(next));
        var cut = await _ec2.DescribeInstancesAsync(next);

        Assert.Equal("RequestLimitExceeded", throttled.ErrorCode);
        Assert.Equal(3, cut.Reservations.Count);
        Assert.True(string.IsNullOrEmpty(cut.NextToken));
        Assert.Equal(3, _cloud.Calls["DescribeInstances"]);
    }

    [Fact]
    public async Task Faults_LostAnswer_TerminatesTheInstance()
    {
        var id = _cloud.Ec2.Launch(new LaunchSpec())[0].Id;
        _cloud.Faults.Always("TerminateInstances", Fault.LostAnswer);

        await Assert.ThrowsAnyAsync<Exception>(() => _ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [id] }));

        Assert.False(_cloud.Ec2.Find(id)!.Alive);
    }

    private static Dictionary<string, string> Tags(string instance) => new() { ["nstance:instance-id"] = instance };

    private static Task<AmazonEC2Exception> Fails(Func<Task> call) => Assert.ThrowsAsync<AmazonEC2Exception>(call);

    private async Task<string> StateOf(string id)
    {
        var answer = await _ec2.DescribeInstancesAsync(new DescribeInstancesRequest { InstanceIds = [id] });
        return answer.Reservations.Single().Instances.Single().State.Name;
    }
}
