using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc plan</c>: what limits and guards hold back, and the decision about it.</summary>
internal static class PlanCommand
{
    private const string Help = """
        A cycle that would terminate more than its limits allow terminates nothing of that reason and makes a plan.
        Show the plan, then approve or reject it.
          nstance-gc plan show --cluster prod --shard us-west-2a
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied"
        """;

    private const string ShowHelp = """
        Show the plan that waits for approval, with all of its instances, as the bucket keeps it.
          nstance-gc plan show --cluster prod --shard us-west-2a
        """;

    private const string ApproveHelp = """
        Allow exactly the instances of a plan, for one hour. Fresh evidence is read before any is terminated. On a
        terminal it asks first; scripts say --yes. Without a plan it shows the one that waits, and approves nothing.
          nstance-gc plan approve 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "zone b was emptied"
        """;

    private const string RejectHelp = """
        Refuse a plan. Its instances are skipped, and not proposed again, while their evidence stays the same. Of an
        approved plan it takes the approval back, and stops a cycle that is under way.
          nstance-gc plan reject 1f3c9a07be42 --cluster prod --shard us-west-2a --comment "the registry was down"
        """;

    public static Command Make(CommandLine line) => new("plan", Help)
    {
        line.Make("show", ShowHelp, Arguments.Shard(), async invocation =>
        {
            var status = await (await invocation.CollectorAsync()).StatusAsync();
            return await ShowAsync(invocation, status);
        }),
        Approve(line),
        Reject(line),
    };

    private static Command Approve(CommandLine line)
    {
        var plan = Id(ArgumentArity.ZeroOrOne);
        var comment = Arguments.Why("--comment", required: false);
        var by = Arguments.By();
        var yes = new Option<bool>("--yes") { Description = "Do not ask: for scripts" };
        Symbol[] own = [plan, comment, by, yes];
        return line.Make("approve", ApproveHelp, [.. Arguments.Shard(), .. own], async invocation =>
        {
            if (invocation.Get(plan) is not { } id) return await ShowInsteadAsync(invocation);
            var decision = new PlanDecision(id, invocation.Get(by), Arguments.ReadWhy(comment, invocation));
            await invocation.SteerAsync(
                async collector =>
                {
                    // Another plan than the pending one goes on to the collector, which refuses it or knows it as
                    // rejected.
                    var pending = (await collector.StatusAsync()).Pending;
                    if (pending is not null && (id == pending.Id || id == pending.Hash)
                        && !invocation.Get(yes) && !Confirm(invocation, pending))
                        throw new CommandException(ExitCode.Refused, "nothing was approved");
                    return await collector.UpdateAsync(workflow => workflow.ApproveAsync(decision));
                },
                (status, named) => ChangeText.Decided("approved", status, named, decision));
            return ExitCode.Done;
        });
    }

    private static Command Reject(CommandLine line)
    {
        var plan = Id(ArgumentArity.ExactlyOne);
        var comment = Arguments.Why("--comment");
        var by = Arguments.By();
        Symbol[] own = [plan, comment, by];
        return line.Make("reject", RejectHelp, [.. Arguments.Shard(), .. own], invocation =>
        {
            var decision = new PlanDecision(
                invocation.Get(plan)!, invocation.Get(by), Arguments.ReadWhy(comment, invocation));
            return invocation.SteerAsync(
                collector => collector.UpdateAsync(workflow => workflow.RejectAsync(decision)),
                (status, named) => ChangeText.Decided("rejected", status, named, decision));
        });
    }

    private static Argument<string?> Id(ArgumentArity arity) =>
        new("PLAN") { Description = "Its id, as plan show prints it", Arity = arity };

    private static string Shard(GcStatus status) => $"--cluster {status.Shard.Cluster} --shard {status.Shard.Shard}";

    /// <returns>Done; failed when the bucket holds another plan, unreachable when it did not answer.</returns>
    private static async Task<int> ShowAsync(Invocation invocation, GcStatus status)
    {
        var view = await ReadAsync(status, invocation.CancellationToken);
        invocation.Write(view.ToJson(), screen => PlanText.Write(screen, view, TimeProvider.System.GetUtcNow()));
        return view.Code;
    }

    /// <summary>Reads the instances of the pending plan from the bucket.</summary>
    private static async Task<ShownPlan> ReadAsync(GcStatus status, CancellationToken cancellationToken)
    {
        if (status.Pending is not { } pending) return new(status, null, null, ExitCode.Done);
        using var aws = new AwsConnections(new());
        IConnections connections = aws;
        try
        {
            var plans = connections.Plans(Invocation.CallTimeout);
            var bytes = await plans.GetAsync(status.Shard, pending.Hash, cancellationToken);
            if (bytes is not null && Plan.Read(bytes, pending.Hash) is { } plan)
                return new(status, plan, null, ExitCode.Done);
            var fate = bytes is null ? "is not in the bucket any more" : "was changed in the bucket";
            var fault = $"plan {pending.Id} {fate}, so nothing of it will be done: reject it";
            return new(status, null, fault, ExitCode.Failed);
        }
        catch (CloudException e)
        {
            var fault = $"the instances of plan {pending.Id} could not be read: {Failure.FirstLine(e.Message)}";
            return new(status, null, fault, ExitCode.Unreachable);
        }
    }

    private static async Task<int> ShowInsteadAsync(Invocation invocation)
    {
        var status = await (await invocation.CollectorAsync()).StatusAsync();
        await ShowAsync(invocation, status);
        if (status.Pending is not { } plan) return ExitCode.Refused;
        invocation.Note($"nothing was approved. To approve exactly these {plan.Instances} instances:");
        invocation.Note($"  nstance-gc plan approve {plan.Id} {Shard(status)} --comment \"…\"");
        return ExitCode.BadInput;
    }

    private static bool Confirm(Invocation invocation, CollectPlan plan)
    {
        if (invocation.Screen.Answer is not { } answer)
            throw CommandException.BadInput("--yes is missing: without a terminal the command cannot ask");
        invocation.Note($"plan {plan.Id}: {plan.Instances} instances");
        foreach (var part in plan.Parts) invocation.Note($"  {PlanText.Part(part)}");
        invocation.Screen.Error.Write(plan.IsOfHealth ? "Send these checks? [y/N] " : "Terminate them? [y/N] ");
        return answer()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}
