using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc plan</c>: the instances that a limit held back, and the decision about them.</summary>
internal static class PlanCommand
{
    private const string Help = """
        A cycle that would terminate more than its limits allow terminates nothing and makes a plan.
        Look at it, then approve or reject it.
          nstance-gc plan show --cluster prod --shard us-west-2a
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied"
        """;

    private const string ShowHelp = """
        Show the plan that waits for approval.
          nstance-gc plan show --cluster prod --shard us-west-2a
        """;

    private const string ApproveHelp = """
        Allow exactly the instances of a plan, for one hour. Each is looked at again before it ends.
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied"
        """;

    private const string RejectHelp = """
        Refuse a plan. It is not asked about again while it stays the same.
          nstance-gc plan reject 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "the registry was down"
        """;

    public static Command Make(CommandLine line) => new("plan", Help)
    {
        line.Make("show", ShowHelp, Arguments.Shard(), async invocation =>
        {
            var status = await (await invocation.CollectorAsync()).StatusAsync();
            invocation.Write(
                new { pending = status.Pending, approval = status.Approval, rejection = status.Rejection },
                screen => PlanText.Write(screen, status, invocation.IsWide));
        }),
        Decision(line, "approve", "approved", ApproveHelp, (collector, decision) =>
            collector.UpdateAsync(workflow => workflow.ApproveAsync(decision))),
        Decision(line, "reject", "rejected", RejectHelp, (collector, decision) =>
            collector.UpdateAsync(workflow => workflow.RejectAsync(decision))),
    };

    private static Command Decision(
        CommandLine line, string name, string done, string help, Func<Collector, PlanDecision, Task<GcStatus>> decide)
    {
        var plan = new Argument<string>("PLAN") { Description = "Its id, as plan show tells it" };
        var comment = Arguments.Why("--comment");
        var by = Arguments.By();
        return line.Steer(name, help, [plan, comment, by], invocation =>
        {
            var decision = new PlanDecision(
                invocation.Get(plan), invocation.Get(by), Arguments.ReadWhy(comment, invocation));
            return new(
                collector => decide(collector, decision),
                (status, named) => ChangeText.Decided(done, status, named, decision));
        });
    }
}
