using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>
/// Steps that answer by a script such as <c>collect=lost,ok acquire=one,two</c>: the answers of each phase in order.
/// A phase without an answer succeeds. <c>start=paused</c> happens before the first phase.
/// </summary>
internal sealed class ScriptedSteps : ICycleSteps
{
    public static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    public static readonly NstanceLeaderInfo Leader = new("nst-1", "10.0.3.3:9000", Start.AddDays(-1));

    private static readonly ShardTimings Timings = new();

    private readonly CollectorState _collector;
    private readonly Dictionary<string, Queue<string>> _script;

    public ScriptedSteps(CollectorState collector, string script, DateTimeOffset? start = null)
    {
        _collector = collector;
        Now = start ?? Start;
        _script = script.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('='))
            .ToDictionary(part => part[0], part => new Queue<string>(part[1].Split(',')));
        if (_script.ContainsKey("start")) Answer("start");
    }

    public List<string> Calls { get; } = [];

    public List<string> Shown { get; } = [];

    public List<string> LostHosts { get; } = [];

    public List<AcquireShardInput> Acquired { get; } = [];

    /// <summary>Input and context of each phase, in order.</summary>
    public List<(PhaseInput Input, PhaseContext Context)> Phases { get; } = [];

    public DateTimeOffset Now { get; private set; }

    public bool IsStopped { get; private set; }

    public bool IsCancelled { get; private set; }

    public Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input, PhaseContext context)
    {
        Acquired.Add(input);
        var answer = Answer(context.Phase);
        if (Fault(answer) is { } fault) return Done<AcquireShardResult>(fault);
        var host = answer is "two" or "three" ? answer : "one";
        return Done<AcquireShardResult>(new AcquireShardResult(host, $"queue-{host}", Timings)
        {
            Rebuilt = answer == "rebuilt",
            Leader = LeaderOf(answer),
            Problems = answer == "noted" ? ["the disk is slow"] : [],
        });
    }

    public Task<PhaseOutcome<SyncResult>> SyncAsync(PhaseInput input, PhaseContext context) => Phase(
        input, context, answer => new SyncResult
        {
            Suspect = answer == "suspect" ? "the listing shrank" : null,
            Timings = Timings,
            Leader = LeaderOf(answer),
        });

    public Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context) =>
        Phase(input, context, _ => new CollectResult());

    public Task<PhaseOutcome<HealthScanResult>> ScanHealthAsync(PhaseInput input, PhaseContext context) =>
        Phase(input, context, answer => new HealthScanResult
        {
            Suspect = answer == "suspect" ? "4 of 8 look stale" : null,
        });

    public Task<PhaseOutcome<PurgeResult>> PurgeAsync(PhaseInput input, PhaseContext context) =>
        Phase(input, context, answer => answer == "away"
            ? new PurgeResult { Problems = ["the bucket is away"], Outage = "the bucket is away" }
            : new PurgeResult());

    public void ShowPhase() => Shown.Add(_collector.Phase!);

    public void LogHostLost(string host, string why) => LostHosts.Add($"{host}: {why}");

    private static Task<PhaseOutcome<T>> Done<T>(PhaseOutcome<T> outcome)
        where T : class => Task.FromResult(outcome);

    private static NstanceLeaderInfo? LeaderOf(string answer) => answer switch
    {
        "led" => Leader,
        "moved" => new("nst-7", "10.0.3.4:9000", Start),
        "again" => Leader with { Since = Start.AddSeconds(30) },
        "readdressed" => Leader with { Address = "10.0.3.5:9000" },
        _ => null,
    };

    private static ActivityFault? Fault(string answer) => answer switch
    {
        "failed" => new(HostLost: false, "no answer"),
        "lost" => new(HostLost: true, "no sign of life"),
        "leaderless" => new(HostLost: false, "NoLeader: nobody leads") { NoLeader = true },
        "paused" or "stopped" or "cancelled" => new(HostLost: false, "cancelled"),
        _ => null,
    };

    private Task<PhaseOutcome<T>> Phase<T>(PhaseInput input, PhaseContext context, Func<string, T> result)
        where T : class
    {
        Phases.Add((input, context));
        var answer = Answer(context.Phase);
        return Done(Fault(answer) is { } fault ? fault : (PhaseOutcome<T>)result(answer));
    }

    private string Answer(string phase)
    {
        if (phase != "start") Calls.Add(phase);
        var answer = _script.TryGetValue(phase, out var answers) && answers.TryDequeue(out var next) ? next : "ok";
        if (answer == "slow") Now += TimeSpan.FromMinutes(10);
        if (answer == "long") Now += TimeSpan.FromMinutes(5);
        if (answer == "cancelled") IsCancelled = true;
        if (answer == "rejected") _collector.State = _collector.State with { Approval = null };
        if (answer == "reapproved")
            _collector.State = _collector.State with { Approval = new(new('b', 64), "bob", "another plan", Now) };
        if (answer is "paused" or "pausedAfter")
            _collector.State = _collector.State with { Pause = new("look first", Now) };
        if (answer is "paused" or "pausedAfter" or "stopped" or "cancelled") IsStopped = true;
        return answer;
    }
}
