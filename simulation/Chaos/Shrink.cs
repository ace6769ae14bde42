namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Takes events out of a story for as long as the same invariant breaks.</summary>
internal static class Shrink
{
    private const int MaxRuns = 200;

    public static async Task<Story> Async(Story story, Violation violation, Func<InjectedBug>? bug = null)
    {
        var runs = 0;
        for (var size = Math.Max(1, story.Events.Count / 2); size >= 1; size /= 2)
        {
            for (var at = 0; at < story.Events.Count && runs < MaxRuns;)
            {
                var less = story with { Events = [.. story.Events.Take(at), .. story.Events.Skip(at + size)] };
                runs++;
                var outcome = await ChaosRun.PlayAsync(less, bug?.Invoke());
                if (outcome.Violation?.Invariant == violation.Invariant) story = less;
                else at += size;
            }
        }

        return story;
    }
}
