using System.Diagnostics;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>Two hosts, each with nstance and a shared file. The agents and the leader move to the other host.</summary>
public sealed class LeaderMoveTests
{
    /// <summary>From the election to the end of the first completed cycle, without the wait for the interval.</summary>
    private static readonly TimeSpan MaxFailover = TimeSpan.FromSeconds(30);

    [Fact(Timeout = 120_000)]
    public async Task Cycle_LeaderMoves_TheCollectorFollowsAndCollects()
    {
        var folder = Directory.CreateTempSubdirectory("nstance-leader-");
        await using var hosts = await StartAsync(folder.FullName);
        var living = Enumerable.Range(0, 3).Select(_ => hosts.Add("s", registered: true)).ToArray();
        await using var agents = new Agents(hosts, folder.FullName, living);
        agents.MoveTo("host-1");
        var collector = await hosts.CollectAsync("s");
        var before = await Hosts.CycleUntilAsync(
            collector, r => r is { Grace: null, Outcome: CycleOutcome.Completed });
        Assert.Equal("host-1", before.Host);

        var sinceElection = Stopwatch.StartNew();
        agents.MoveTo("host-2");
        var report = await Hosts.CycleUntilAsync(collector, r => r.Outcome == CycleOutcome.Completed);

        Assert.InRange(sinceElection.Elapsed, TimeSpan.Zero, MaxFailover);
        Assert.Equal("host-2", report.Host);
        Assert.Equal("nst-of-host-2 became nstance's leader", report.Grace?.Why);
        Assert.Contains(report.Problems, p => p.StartsWith(
            "sync lost host host-1: nstance's leader for c/s is nst-of-host-2 at ", StringComparison.Ordinal));
        Assert.Equal("nst-of-host-2", (await collector.QueryAsync(w => w.Status())).Leader?.Id);
        Assert.Equal((0, null), (report.Health!.Enqueued, report.Health.Suspect));
        await hosts.FinishedAsync(collector, living, hosts.AddGarbage());
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        folder.Delete(recursive: true);
    }

    private static Task<Hosts> StartAsync(string folder) => Hosts.StartAsync(2, ["s"], name => new()
    {
        ["NSTANCE_GC__CLUSTER"] = Hosts.Cluster,
        ["NSTANCE_GC__SHARD"] = "s",
        ["NSTANCE_GC__BUCKET"] = Hosts.Bucket,
        ["NSTANCE_GC__NSTANCESERVERID"] = $"nst-of-{name}",
        ["NSTANCE_GC__SHAREDDATABASEPATH"] = Create(Path.Combine(folder, $"{name}.db")),
    });

    private static string Create(string path)
    {
        using var database = new NstanceDatabase(path, NstanceGeneration.V2);
        return path;
    }

    /// <summary>Agents that report to the leader. The leader writes its lock twice a second.</summary>
    private sealed class Agents : IAsyncDisposable
    {
        private readonly Hosts _hosts;
        private readonly string _folder;
        private readonly Hosts.Instance[] _living;
        private readonly Lock _lock = new();
        private readonly Timer _timer;
        private string? _leader;

        public Agents(Hosts hosts, string folder, Hosts.Instance[] living)
        {
            _hosts = hosts;
            _folder = folder;
            _living = living;
            _timer = new(_ => Report(), null, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));
        }

        /// <summary>Elects the server of this host: it rebuilds its file, without any report.</summary>
        public void MoveTo(string host)
        {
            lock (_lock)
            {
                _leader = host;
                using (var database = Open())
                {
                    database.Insert([.. _living.Select(i =>
                        new NstanceInstance(i.Id, "acme", "web", DateTimeOffset.UtcNow.AddHours(-1))
                        {
                            ProviderId = i.ProviderId,
                            RegisteredAt = DateTimeOffset.UtcNow.AddMinutes(-59),
                        })]);
                }

                Report();
            }
        }

        public ValueTask DisposeAsync() => _timer.DisposeAsync();

        private void Report()
        {
            lock (_lock)
            {
                if (_leader is null) return;
                var json = LeaderFile.Alive(DateTimeOffset.UtcNow, $"nst-of-{_leader}");
                _hosts.Cloud.S3.Put(Hosts.Bucket, "shard/s/leader.json", json);
                using var database = Open();
                database.Report(_living.Select(i => (i.Id, DateTimeOffset.UtcNow)));
            }
        }

        private NstanceDatabase Open() => new(Path.Combine(_folder, $"{_leader}.db"), NstanceGeneration.V2);
    }
}
