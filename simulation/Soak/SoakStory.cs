using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>
/// Days with churn: a fleet of about the same size, whose members are all young. Each day nstance, its agents and EC2
/// fail once; the rest of the day is quiet, and each day ends so.
/// </summary>
internal static class SoakStory
{
    private const int FleetSize = 60;

    private static readonly TimeSpan Fault = TimeSpan.FromMinutes(40);
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(20);

    public static Story Tell(int days, TimeSpan interval)
    {
        var random = new Random(1);
        var events = new List<StoryEvent>();
        var members = 0;
        var living = new Queue<int>();
        for (var n = 0; n < FleetSize; n++) Launch(TimeSpan.FromSeconds(n), Scenario.Registers);
        for (var hour = 1; hour < 24 * days; hour++)
        {
            for (var n = 0; n < 6; n++)
            {
                Launch(Within(hour), Scenario.Registers);
                events.Add(new(Within(hour), ChaosEvent.Retire) { Member = living.Dequeue() });
            }

            Launch(Within(hour), Scenario.NeverRegisters);
            Launch(Within(hour), hour % 3 == 0 ? Scenario.Orphan : Scenario.LostAnswer);
            if (hour % 2 == 0) Launch(Within(hour), Scenario.PreInsertOnly);
            // These are retired some hours later.
            var middle = living.ElementAt(FleetSize / 2);
            var third = living.ElementAt(FleetSize / 3);
            events.AddRange(
            [
                new(Within(hour), ChaosEvent.NstanceCollects) { Member = living.Peek() },
                new(Within(hour), ChaosEvent.NstanceScales),
                new(Within(hour), ChaosEvent.StopMachine) { Member = middle },
                new(Within(hour), ChaosEvent.SilenceAgent) { Member = third, For = Short },
            ]);
        }

        for (var day = 0; day < days; day++)
        {
            var newest = events.Last(e => e is { Kind: ChaosEvent.Launch, Scenario: Scenario.Registers }
                && e.At < At(day, hour: 15)).Member;
            events.AddRange(
            [
                new(At(day, hour: 3), ChaosEvent.Elect),
                new(At(day, hour: 6), ChaosEvent.MoveLeader),
                new(At(day, hour: 9), ChaosEvent.LeaderDead) { For = Short },
                new(At(day, hour: 12), ChaosEvent.AgentsDown) { For = Fault, Rate = 1 },
                new(At(day, hour: 15), ChaosEvent.HostWithoutEc2) { For = Fault, Member = 1 },
                new(At(day, hour: 16), ChaosEvent.FutureRow) { For = Fault, Column = "health_at", Member = newest },
                new(At(day, hour: 18), ChaosEvent.MoveLeader),
            ]);
        }

        var timings = new ShardTimings { Interval = interval };
        return Story.Of(
            new(1, Shared: true, TimeSpan.FromDays(days), timings, TimeSpan.Zero, PageSize: 50), events);

        static TimeSpan At(int day, int hour) => TimeSpan.FromHours((24 * day) + hour);

        TimeSpan Within(int hour) => TimeSpan.FromHours(hour) + TimeSpan.FromSeconds(random.Next(3600));

        void Launch(TimeSpan at, Scenario scenario)
        {
            var lasts = TimeSpan.FromSeconds(random.Next(40, 200));
            events.Add(new(at, ChaosEvent.Launch) { Member = members, For = lasts, Scenario = scenario });
            if (scenario == Scenario.Registers) living.Enqueue(members);
            members++;
        }
    }
}
