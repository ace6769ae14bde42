using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>What the collector says of plans; the pending one from the bucket, or why it was not read.</summary>
internal sealed record ShownPlan(GcStatus Status, Plan? Plan, string? Fault, int Code)
{
    public object ToJson() => new
    {
        pending = Status.Pending,
        plan = Plan,
        fault = Fault,
        approval = Status.Approval,
        rejections = Status.Rejections,
    };
}

/// <summary>A plan, and the decisions about plans, for people: plain lines, in which no id is broken.</summary>
internal static class PlanText
{
    // A stopped machine costs its disks only.
    private static readonly string[] Paid = ["pending", "running"];

    public static void Write(Screen screen, ShownPlan shown, DateTimeOffset now)
    {
        var status = shown.Status;
        if (status.Approval is { } approval)
        {
            screen.Sentence(
                $"plan {CollectPlan.IdOf(approval.Hash)} approved by {approval.By} "
                + $"until {Word.Time(approval.Until)}: {approval.Comment}", 0);
        }

        foreach (var rejection in status.Rejections)
        {
            screen.Sentence(
                $"plan {CollectPlan.IdOf(rejection.Hash)} rejected by {rejection.By} "
                + $"at {Word.Time(rejection.At)}: {rejection.Comment}", 0);
        }

        if (status.Pending is not { } plan)
        {
            screen.Line("no plan waits for approval");
            return;
        }

        var what = plan.IsOfHealth ? "instances would be checked and replaced" : "instances would be terminated";
        screen.Sentence($"plan {plan.Id} waits for approval: {plan.Instances} {what}", 0);
        screen.Sentence($"since {Word.Time(plan.CreatedAt)}, until {Word.Time(plan.Until)}", 0);
        if (plan.Waiting > 0) screen.Sentence($"and {plan.Waiting} more wait for the next plan", 0);
        foreach (var sentence in plan.Exceeded) screen.Warn(sentence);
        if (shown.Fault is { } fault) screen.Warn(fault);
        if (shown.Plan is { } known) WriteItems(screen, known, now);
        else WriteCounts(screen, plan);
        screen.Line($"sha256 {plan.Hash}");
    }

    /// <summary>Returns one line: reason, group and count.</summary>
    public static string Part(PlanPart part) => $"{Reason(part.Reason)} {part.Group}: {part.Instances}";

    private static void WriteItems(Screen screen, Plan plan, DateTimeOffset now)
    {
        var paid = plan.Items.Count(item => Paid.Contains(item.Machine));
        if (paid > 0)
        {
            var waited = (now - plan.CreatedAt).TotalHours * paid;
            screen.Line($"cost of waiting: {paid} machine-hours an hour, {waited:0.0} since the plan was made");
        }

        foreach (var part in plan.Parts())
        {
            var items = plan.Items.Where(i => i.Reason == part.Reason
                && GroupName.Shown(i.Tenant, i.Group) == part.Group).ToArray();
            var oldest = items.Min(item => item.Since) is { } since ? $", the oldest {Word.Ago(now - since)}" : "";
            screen.Line();
            screen.Line($"{Part(part)}{oldest}");
            foreach (var item in items)
            {
                var age = item.Since is { } from ? Word.Ago(now - from) : "?";
                screen.Line(
                    $"  {item.InstanceId}  {item.ProviderId ?? "no machine"}  {age,4}  {item.Machine ?? ""}".TrimEnd());
                screen.Sentence(item.Evidence, indent: 4);
            }
        }

        screen.Line();
    }

    private static void WriteCounts(Screen screen, CollectPlan plan)
    {
        foreach (var part in plan.Parts) screen.Line($"  {Part(part)}");
        var rest = plan.Instances - plan.Parts.Sum(part => part.Instances);
        if (rest > 0) screen.Line($"  and {rest} more");
    }

    private static string Reason(CollectReason? reason) => reason is { } one ? Setting.Kebab($"{one}") : "silent";
}
