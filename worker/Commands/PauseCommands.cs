using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc pause</c> and <c>resume</c>: the collector itself stays, and does nothing.</summary>
internal static class PauseCommands
{
    private const string PauseHelp = """
        Pause a shard's collector: no cycle until it is resumed, or until a time.
        With --group or --sweep only that part.
          nstance-gc pause --cluster prod --shard us-west-2a --reason "migrating" --until 2h
          nstance-gc pause --cluster prod --shard us-west-2a --reason "slow images" --group acme/web --sweep dangling
        """;

    private const string ResumeHelp = """
        Resume a paused collector, or the part that was paused with the same --group and --sweep.
          nstance-gc resume --cluster prod --shard us-west-2a
        """;

    public static Command MakePause(CommandLine line)
    {
        var reason = Arguments.Why("--reason");
        var until = new Option<string?>("--until")
        {
            Description = "When to go on by itself: a time from now (2h) or a moment",
            HelpName = "TIME",
            Arity = ArgumentArity.ExactlyOne,
        };
        var by = Arguments.By();
        var group = Arguments.Group();
        var sweep = Arguments.Sweep();
        return line.Steer("pause", PauseHelp, [reason, until, by, group, sweep], invocation =>
        {
            var request = new PauseRequest(Arguments.ReadWhy(reason, invocation))
            {
                Until = Arguments.ReadMoment(until, invocation),
                By = invocation.Get(by),
                Group = Arguments.ReadGroup(group, invocation),
                Sweep = Arguments.ReadSweep(sweep, invocation),
            };
            return new(
                collector => collector.UpdateAsync(workflow => workflow.PauseAsync(request)),
                (status, named) => ChangeText.Paused(status, named, request));
        });
    }

    public static Command MakeResume(CommandLine line)
    {
        var by = Arguments.By();
        var group = Arguments.Group();
        var sweep = Arguments.Sweep();
        return line.Steer("resume", ResumeHelp, [by, group, sweep], invocation =>
        {
            var request = new ResumeRequest
            {
                By = invocation.Get(by),
                Group = Arguments.ReadGroup(group, invocation),
                Sweep = Arguments.ReadSweep(sweep, invocation),
            };
            return new(
                collector => collector.UpdateAsync(workflow => workflow.ResumeAsync(request)),
                (status, named) => ChangeText.Resumed(status, named, request));
        });
    }
}
