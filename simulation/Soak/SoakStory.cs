using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>Days without faults, and with churn: a fleet of about the same size, of which nobody is old.</summary>
internal static class SoakStory
{
    private const int Fleet = 60;

    public static Story Tell(int days, TimeSpan interval)
    {
        var (random, events, members) = (new Random(1), new List<StoryEvent>(), 0);
        var living = new Queue<int>();
        for (var n = 0; n < Fleet; n++) Launch(TimeSpan.FromSeconds(n), Lot.Registers);
        for (var hour = 1; hour < 24 * days; hour++)
        {
            for (var n = 0; n < 6; n++)
            {
                Launch(Within(hour), Lot.Registers);
                Add(Within(hour), Deed.Retire, living.Dequeue());
            }

            Launch(Within(hour), Lot.NeverRegisters);
            Launch(Within(hour), hour % 3 == 0 ? Lot.Orphan : Lot.LostAnswer);
            if (hour % 2 == 0) Launch(Within(hour), Lot.PreInsertOnly);
            Add(Within(hour), Deed.NstanceCollects, living.ElementAt(0));
            Add(Within(hour), Deed.NstanceScales, 0);
            // From the middle of the queue: retired some hours later, if it still stands.
            Add(Within(hour), Deed.Stop, living.ElementAt(Fleet / 2));
            Add(Within(hour), Deed.Silence, living.ElementAt(Fleet / 3), TimeSpan.FromMinutes(20));
        }

        var timings = new ShardTimings { Interval = interval };
        var setup = new StorySetup(1, Shared: true, TimeSpan.FromDays(days), timings, TimeSpan.Zero, PageSize: 50);
        return new(setup, [.. events.OrderBy(e => e.At).ThenBy(e => e.Number)]);

        TimeSpan Within(int hour) => TimeSpan.FromHours(hour) + TimeSpan.FromSeconds(random.Next(3600));

        void Launch(TimeSpan at, Lot lot)
        {
            events.Add(new(events.Count + 1, at, Deed.Launch) { Member = members, Lot = lot, For = TimeSpan.FromSeconds(random.Next(40, 200)) });
            if (lot == Lot.Registers) living.Enqueue(members);
            members++;
        }

        void Add(TimeSpan at, Deed deed, int member, TimeSpan lasts = default) =>
            events.Add(new(events.Count + 1, at, deed) { Member = member, For = lasts });
    }
}
