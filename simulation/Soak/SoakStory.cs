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
                Add(Within(hour), ChaosEvent.Retire, living.Dequeue());
            }

            Launch(Within(hour), Scenario.NeverRegisters);
            Launch(Within(hour), hour % 3 == 0 ? Scenario.Orphan : Scenario.LostAnswer);
            if (hour % 2 == 0) Launch(Within(hour), Scenario.PreInsertOnly);
            Add(Within(hour), ChaosEvent.NstanceCollects, living.ElementAt(0));
            Add(Within(hour), ChaosEvent.NstanceScales, 0);
            // From the middle of the queue: retired some hours later, if it still lives.
            Add(Within(hour), ChaosEvent.StopMachine, living.ElementAt(FleetSize / 2));
            Add(Within(hour), ChaosEvent.SilenceAgent, living.ElementAt(FleetSize / 3), TimeSpan.FromMinutes(20));
        }

        for (var day = 0; day < days; day++)
        {
            var at = TimeSpan.FromDays(day);
            Add(at + TimeSpan.FromHours(3), ChaosEvent.Elect, 0);
            Add(at + TimeSpan.FromHours(6), ChaosEvent.MoveLeader, 0);
            Add(at + TimeSpan.FromHours(9), ChaosEvent.LeaderDead, 0, TimeSpan.FromMinutes(20));
            AddEvent(new(0, at + TimeSpan.FromHours(12), ChaosEvent.AgentsDown) { For = Fault, Rate = 1 });
            AddEvent(new(0, at + TimeSpan.FromHours(15), ChaosEvent.HostWithoutEc2) { For = Fault, Member = 1 });
            AddEvent(new(0, at + TimeSpan.FromHours(16), ChaosEvent.FutureRow)
            {
                For = Fault,
                Column = "health_at",
                Member = events.Last(e => e is { Kind: ChaosEvent.Launch, Scenario: Scenario.Registers }
                    && e.At < at + TimeSpan.FromHours(15)).Member,
            });
            Add(at + TimeSpan.FromHours(18), ChaosEvent.MoveLeader, 0);
        }

        var timings = new ShardTimings { Interval = interval };
        var setup = new StorySetup(1, Shared: true, TimeSpan.FromDays(days), timings, TimeSpan.Zero, PageSize: 50);
        return new(setup, [.. events.OrderBy(e => e.At).ThenBy(e => e.Number)]);

        TimeSpan Within(int hour) => TimeSpan.FromHours(hour) + TimeSpan.FromSeconds(random.Next(3600));

        void Launch(TimeSpan at, Scenario scenario)
        {
            Add(at, ChaosEvent.Launch, members, TimeSpan.FromSeconds(random.Next(40, 200)), scenario);
            if (scenario == Scenario.Registers) living.Enqueue(members);
            members++;
        }

        void Add(TimeSpan at, ChaosEvent kind, int member, TimeSpan lasts = default, Scenario scenario = default) =>
            AddEvent(new(0, at, kind) { Member = member, For = lasts, Scenario = scenario });

        void AddEvent(StoryEvent e) => events.Add(e with { Number = events.Count + 1 });
    }
}
