using CsCheck;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Aws;

public class TerminateInBatchesTests
{
    [Fact]
    public void Run_AnyProtectedMissingAndDenied_TerminatesTheRestAndNamesThem() => Gen
        .Select(Gen.Int[1, 40], Gen.Int[0, 3].Array[40], Gen.Bool, Gen.Int[0, 2].Array[40])
        .Sample((count, kinds, named, zones) =>
        {
            var world = new World(count, kinds, named, zones);
            var results = world.Run();

            Assert.Equal(count, results.Count);
            Assert.All(results, r => Assert.Equal(world.Expected(r.Key), r.Value.Outcome));
            Assert.All(world.Calls, call => Assert.Single(call.Select(id => world.Zones[id]).Distinct()));
            Assert.Equal(world.Zones.Keys.Where(id => world.Kind[id] == 0), world.Terminated.Order());
        });

    [Theory]
    [InlineData("times out", "deleting", TerminateOutcome.Terminated, "is deleting now")]
    [InlineData("times out", "running", TerminateOutcome.Failed, "timeout")]
    [InlineData("times out", "missing", TerminateOutcome.AlreadyGone, "not found at the cloud")]
    [InlineData("times out", "unknown", TerminateOutcome.Failed, "timeout")]
    [InlineData("leaves it out", "running", TerminateOutcome.Failed, "the cloud's answer left it out")]
    [InlineData("leaves it out", "deleting", TerminateOutcome.Terminated, "is deleting now")]
    public async Task Run_NoConfirmation_TheDescribeDecides(string call, string then, object outcome, string why)
    {
        var results = await new TerminateInBatches(
            _ => call == "times out"
                ? throw new CloudException(CloudFault.Transient, "timeout")
                : Task.FromResult<IReadOnlySet<string>>(new HashSet<string>()),
            ids => Task.FromResult(then switch
            {
                "missing" => Answer([], missing: ids),
                "unknown" => Answer([], unknown: ids),
                _ => Answer(ids.Select(id => DescribeByIdsTests.Instance(id, InstanceStatuses.Parse(then)))),
            }))
            .RunAsync([DescribeByIdsTests.Instance("i-1")]);

        var isOutage = call == "times out" && (TerminateOutcome)outcome == TerminateOutcome.Failed;
        Assert.Equal(new TerminateResult((TerminateOutcome)outcome, why) { IsOutage = isOutage }, results["i-1"]);
    }

    [Fact]
    public async Task Run_TheFirstZoneTakesTooLong_TheSecondIsNotTried()
    {
        var clock = new Support.StoppedClock();
        var calls = new List<string>();
        var results = await new TerminateInBatches(
            ids =>
            {
                calls.AddRange(ids);
                clock.Advance(TerminateInBatches.MaxDuration + TimeSpan.FromSeconds(1));
                return Task.FromResult<IReadOnlySet<string>>(ids.ToHashSet());
            },
            _ => throw new InvalidOperationException("no describe"),
            clock)
            .RunAsync([DescribeByIdsTests.Instance("i-1", zone: "a"), DescribeByIdsTests.Instance("i-2", zone: "b")]);

        Assert.Equal(["i-1"], calls);
        Assert.Equal(TerminateOutcome.Terminated, results["i-1"].Outcome);
        Assert.Equal(TerminateOutcome.Failed, results["i-2"].Outcome);
    }

    private static DescribeResult Answer(
        IEnumerable<CloudInstance> found, IEnumerable<string>? missing = null, IEnumerable<string>? unknown = null) =>
        new(found.ToDictionary(i => i.ProviderId), (missing ?? []).ToHashSet(),
            (unknown ?? []).ToDictionary(id => id, _ => "throttled"));

    /// <summary>0: terminates. 1: protected. 2: does not exist. 3: a policy refuses it.</summary>
    private sealed class World
    {
        private readonly bool _named;

        public World(int count, int[] kinds, bool named, int[] zones)
        {
            _named = named;
            for (var n = 0; n < count; n++)
            {
                Kind[$"i-{n:00000000}"] = kinds[n];
                Zones[$"i-{n:00000000}"] = $"zone-{zones[n]}";
            }
        }

        public SortedDictionary<string, int> Kind { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, string> Zones { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Terminated { get; } = [];

        public List<IReadOnlyList<string>> Calls { get; } = [];

        public TerminateOutcome Expected(string id) => Kind[id] switch
        {
            0 => TerminateOutcome.Terminated,
            1 => TerminateOutcome.Protected,
            2 => TerminateOutcome.AlreadyGone,
            _ => TerminateOutcome.Failed,
        };

        public IReadOnlyDictionary<string, TerminateResult> Run() => new TerminateInBatches(Terminate, Describe)
            .RunAsync([.. Zones.Select(z => DescribeByIdsTests.Instance(z.Key, zone: z.Value))])
            .GetAwaiter().GetResult();

        private Task<IReadOnlySet<string>> Terminate(IReadOnlyList<string> ids)
        {
            Calls.Add(ids);
            foreach (var (kind, fault, code) in new[]
            {
                (2, CloudFault.Gone, "InvalidInstanceID.NotFound"), (3, CloudFault.Denied, "UnauthorizedOperation"),
                (1, CloudFault.Protected, "OperationNotPermitted"),
            })
            {
                var bad = ids.Where(id => Kind[id] == kind).ToArray();
                if (bad.Length > 0)
                {
                    var detail = _named ? $"'{bad[0]}' may not" : "no";
                    throw new CloudException(fault, "no") { Code = code, Detail = detail };
                }
            }

            Terminated.UnionWith(ids);
            return Task.FromResult<IReadOnlySet<string>>(ids.ToHashSet());
        }

        private Task<DescribeResult> Describe(IReadOnlyList<string> ids) => Task.FromResult(Answer(
            ids.Where(id => Kind[id] != 2).Select(id => DescribeByIdsTests.Instance(
                id, Terminated.Contains(id) ? InstanceStatus.Deleting : InstanceStatus.Running)),
            missing: ids.Where(id => Kind[id] == 2)));
    }
}
