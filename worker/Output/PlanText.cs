using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A plan, or the decision about it, for people.</summary>
internal static class PlanText
{
    public static void Write(IAnsiConsole console, GcStatus status)
    {
        if (status.Approval is { } approval)
            Decision("approved", approval.By, $"until {Word.Time(approval.Until)}", approval.Comment);
        if (status.Rejection is { } rejection)
            Decision("rejected", rejection.By, $"at {Word.Time(rejection.At)}", rejection.Comment);
        if (status.Pending is not { } plan)
        {
            console.WriteLine("no plan waits for approval");
            return;
        }

        console.MarkupLine(
            $"plan [yellow]{plan.Id}[/], since {Word.Time(plan.CreatedAt)}: "
            + $"{plan.Instances} instances would be terminated");
        foreach (var sentence in plan.Exceeded) ReportText.Warn(console, sentence);
        ReportText.Table(console, plan.Samples);
        if (plan.Instances > plan.Samples.Count) console.WriteLine($"and {plan.Instances - plan.Samples.Count} more");
        console.WriteLine($"sha256 {plan.Hash}");

        void Decision(string what, string by, string when, string comment) =>
            console.WriteLine($"{what} by {by} {when}: {comment}");
    }
}
