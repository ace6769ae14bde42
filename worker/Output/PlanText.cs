namespace Nstance.Temporal.Worker.Output;

/// <summary>A plan, or the decision about it, for people.</summary>
internal static class PlanText
{
    public static void Write(Screen screen, GcStatus status, bool wide)
    {
        if (status.Approval is { } approval)
            Decision("approved", approval.By, $"until {Word.Time(approval.Until)}", approval.Comment);
        if (status.Rejection is { } rejection)
            Decision("rejected", rejection.By, $"at {Word.Time(rejection.At)}", rejection.Comment);
        if (status.Pending is not { } plan)
        {
            screen.Line("no plan waits for approval");
            return;
        }

        screen.Line(
            "plan ", new(plan.Id, Tone.Warning),
            $", since {Word.Time(plan.CreatedAt)}: {plan.Instances} instances would be terminated");
        foreach (var sentence in plan.Exceeded) screen.Warn(sentence);
        ReportText.Instances(screen, plan.Samples, wide);
        if (plan.Instances > plan.Samples.Count) screen.Line($"and {plan.Instances - plan.Samples.Count} more");
        screen.Line($"sha256 {plan.Hash}");

        void Decision(string what, string by, string when, string comment) =>
            screen.Sentence($"{what} by {by} {when}: {comment}", 0);
    }
}
