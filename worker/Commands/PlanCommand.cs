using System.CommandLine;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc plan</c>: what a limit held back, and the decision about it.</summary>
internal static class PlanCommand
{
    private const string Help = """
        A cycle that would be terminated more than its limits allow ends nothing and makes a plan. Look at it, then approve or reject it.
          nstance-gc plan show --cluster prod --shard us-west-2a
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied on purpose"
        """;

    private const string ShowHelp = """
        Show the plan that waits for approval.
          nstance-gc plan show --cluster prod --shard us-west-2a
        """;

    private const string ApproveHelp = """
        Allow exactly the instances of a plan, for one hour. Each is looked at again before it ends.
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied on purpose"
        """;

    private const string RejectHelp = """
        Refuse a plan. It is not asked about again while it stays the same.
          nstance-gc plan reject 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "the registry was down"
        """;

    public static Command Make(CommandLine line)
    {
        var command = new Command("plan", Help);
        command.Add(line.Make("show", ShowHelp, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var collector = new Collector(await invocation.ConnectAsync(options), options, invocation.CancellationToken);
            var status = await collector.StatusAsync();
            invocation.Write(
                new { pending = status.Pending, approval = status.Approval, rejection = status.Rejection },
                screen => Write(screen.Console, status));
            return ExitCode.Done;
        }));
        command.Add(Decision(line, "approve", ApproveHelp, (collector, decision) => collector.ApproveAsync(decision)));
        command.Add(Decision(line, "reject", RejectHelp, (collector, decision) => collector.RejectAsync(decision)));
        return command;
    }

    /// <summary>The plan, or the decision that was taken.</summary>
    public static void Write(IAnsiConsole console, GcStatus status)
    {
        if (status.Approval is { } approval)
            console.MarkupLine($"approved by {Markup.Escape(approval.By)} until {Word.Time(approval.Until)}: {Markup.Escape(approval.Comment)}");
        if (status.Rejection is { } rejection)
            console.MarkupLine($"rejected by {Markup.Escape(rejection.By)} at {Word.Time(rejection.At)}: {Markup.Escape(rejection.Comment)}");
        if (status.Pending is not { } plan)
        {
            console.WriteLine("no plan waits for approval");
            return;
        }

        console.MarkupLine($"plan [yellow]{plan.Id}[/], since {Word.Time(plan.CreatedAt)}: {plan.Instances} instances would be terminated");
        foreach (var sentence in plan.Exceeded) console.MarkupLine($"[yellow]![/] {Markup.Escape(sentence)}");
        ReportText.Table(console, plan.Samples);
        if (plan.Instances > plan.Samples.Count) console.WriteLine($"and {plan.Instances - plan.Samples.Count} more");
        console.WriteLine($"sha256 {plan.Hash}");
    }

    private static Command Decision(
        CommandLine line, string name, string help, Func<Collector, PlanDecision, Task<GcStatus>> decide)
    {
        var plan = new Argument<string>("PLAN") { Description = "Its id, as plan show tells it" };
        var comment = new Option<string>("--comment") { Description = "Why; others will read it", HelpName = "TEXT", Required = true };
        var by = SteeringOptions.By();
        var command = line.Make(name, help, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var decision = new PlanDecision(
                invocation.Parsed.GetValue(plan)!, invocation.Parsed.GetValue(by)!, invocation.Parsed.GetValue(comment) ?? "");
            if (string.IsNullOrWhiteSpace(decision.Comment))
                throw new CommandException(ExitCode.BadInput, "--comment: is empty: say why, others will read it");
            var collector = new Collector(await invocation.ConnectAsync(options), options, invocation.CancellationToken);
            var status = await decide(collector, decision);
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
        command.Add(plan);
        command.Add(comment);
        command.Add(by);
        return command;
    }
}
