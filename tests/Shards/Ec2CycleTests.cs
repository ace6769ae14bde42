using System.Text;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>The simulated EC2 and S3 over HTTP, through AWS's own clients.</summary>
public class Ec2CycleTests : MainCycleTests
{
    private readonly FakeTimeProvider _clock = new(Start);
    private SimulatedCloud _cloud = null!;
    private AwsConnections _connections = null!;

    private protected override IConnections Connections => _connections;

    private protected override void SetCloudTime(DateTimeOffset now) => _clock.SetUtcNow(now);

    private protected override IEnumerable<string> Terminated =>
        _cloud.Ec2.All().Where(machine => machine.EndedBy is not null).Select(machine => machine.Id);

    public override async ValueTask InitializeAsync()
    {
        _cloud = await SimulatedCloud.StartAsync(new() { Clock = _clock, Buckets = [Shard.Bucket] });
        Prepare(_cloud);
        _connections = _cloud.Connect();
        await base.InitializeAsync();
    }

    private protected virtual void Prepare(SimulatedCloud cloud)
    {
    }

    public override async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _cloud.DisposeAsync();
        await base.DisposeAsync();
    }

    private protected override string Launch(
        DateTimeOffset at, IReadOnlyDictionary<string, string> tags, bool isStopped, bool isLocked)
    {
        var launched = _cloud.Ec2.Launch(new() { Tags = tags, TerminationProtected = isLocked }).Single();
        var state = isStopped ? MachineState.Stopped : MachineState.Running;
        return _cloud.Ec2.Change(launched.Id, m => m with { LaunchedAt = at, State = state, StateSince = at }).Id;
    }

    private protected override void ShowAsTerminated(string machine) => SetTerminated(machine, Start);

    private protected override void Vanish(string machine) => SetTerminated(machine, Start.AddHours(-2));

    private protected override void FallSilent() => _cloud.Faults.Always("DescribeInstances", Fault.Unavailable);

    private protected override bool IsStopped(string machine) =>
        _cloud.Ec2.Find(machine)!.State == MachineState.Stopped;

    private protected override void PutObject(string key, string text) =>
        _cloud.S3.Put(Shard.Bucket, key, Encoding.UTF8.GetBytes(text));

    private protected override void DeleteObject(string key) => _cloud.S3.Delete(Shard.Bucket, key, "nstance");

    private protected override bool HasObject(string key) => _cloud.S3.Get(Shard.Bucket, key) is not null;

    /// <summary>EC2 shows a terminated machine for an hour.</summary>
    private void SetTerminated(string machine, DateTimeOffset since) => _cloud.Ec2.Change(
        machine, m => m with { State = MachineState.Terminated, StateSince = since });
}
