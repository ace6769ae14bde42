using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A golden shard in a simulated cloud whose clock stands at the fixture's <c>asOf</c>.</summary>
internal sealed class FixtureShard : IAsyncDisposable
{
    public const string Bucket = Fixture.Bucket;

    private readonly Fixture _fixture;

    private FixtureShard(Fixture fixture, SimulatedCloud cloud, FakeTimeProvider clock)
    {
        _fixture = fixture;
        Cloud = cloud;
        Clock = clock;
    }

    public SimulatedCloud Cloud { get; }

    public FakeTimeProvider Clock { get; }

    public ShardRef Shard => _fixture.Shard;

    public DateTimeOffset AsOf => _fixture.AsOf;

    public string DatabasePath => _fixture.DatabasePath;

    public static async Task<FixtureShard> StartAsync(string name = "shard-1")
    {
        var fixture = new Fixture(name);
        var clock = new FakeTimeProvider(fixture.AsOf);
        var cloud = await SimulatedCloud.StartAsync(new() { Clock = clock, Buckets = [Bucket] });
        foreach (var machine in fixture.Machines) cloud.Ec2.Put(ToMachine(machine, fixture.AsOf));
        foreach (var (key, bytes) in fixture.Objects) cloud.S3.Put(Bucket, key, bytes);
        cloud.S3.Put(Bucket, $"shard/{fixture.Shard.Shard}/leader.json", LeaderFile.Alive(fixture.AsOf));
        return new(fixture, cloud, clock);
    }

    public IReadOnlyList<ExpectedCase> Cases(string list) => _fixture.Cases(list);

    public async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _fixture.Dispose();
    }

    /// <summary>A terminated machine that the cloud still shows.</summary>
    private static Machine ToMachine(FixtureMachine machine, DateTimeOffset asOf)
    {
        var state = MachineStates.Parse(machine.State);
        var isTerminated = state is MachineState.Terminated;
        return new(machine.Id, machine.LaunchedAt, state, isTerminated ? asOf : machine.LaunchedAt)
        {
            EndedAt = isTerminated ? asOf : null,
            EndedBy = isTerminated ? "fixture" : null,
            Tags = machine.Tags,
        };
    }
}
