using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc pause</c> and <c>resume</c>: the collector itself stays, and does nothing.</summary>
internal static class PauseCommands
{
    private const string PauseHelp = """
        Pause a shard's collector: no cycle until it is resumed, or until a time.
        With --group or --sweep only that part. A pause that is in force is changed with --replace only.
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
        var replace = new Option<bool>("--replace")
        {
            Description = "Take the place of a pause that is in force, also of another person's",
        };
        Symbol[] own = [.. Arguments.Shard(), reason, until, by, group, sweep, replace];
        return line.Make("pause", PauseHelp, own, invocation =>
        {
            var request = new PauseRequest(
                Arguments.ReadWhy(reason, invocation),
                Until: Arguments.ReadMoment(until, invocation),
                By: invocation.Get(by),
                Group: Arguments.ReadGroup(group, invocation),
                Sweep: Arguments.ReadSweep(sweep, invocation),
                Replace: invocation.Get(replace));
            return invocation.SteerAsync(
                async collector =>
                {
                    var status = await collector.UpdateAsync(
                        workflow => workflow.PauseAsync(request),
                        undo: $"resume{ChangeText.Options(request.Group, request.Sweep)}");
                    if (Unseen(request.Group, status) is { } warning) invocation.Note(warning);
                    return status;
                },
                (status, named) => ChangeText.Paused(status, named, request));
        });
    }

    public static Command MakeResume(CommandLine line)
    {
        var by = Arguments.By();
        var group = Arguments.Group();
        var sweep = Arguments.Sweep();
        return line.Make("resume", ResumeHelp, [.. Arguments.Shard(), by, group, sweep], invocation =>
        {
            var request = new ResumeRequest(
                Arguments.ReadGroup(group, invocation), Arguments.ReadSweep(sweep, invocation), invocation.Get(by));
            return invocation.SteerAsync(
                async collector =>
                {
                    await collector.AnswerFirstAsync();
                    return await collector.UpdateAsync(
                        workflow => workflow.ResumeAsync(request), undo: "pause --reason …");
                },
                (status, named) => ChangeText.Resumed(status, named, request));
        });
    }

    /// <summary>Warns of a group without a machine in the last sync. Null: it has one, or no sync has run.</summary>
    private static string? Unseen(string? group, GcStatus status)
    {
        var name = group?.Split('/')[1];
        if (name is null || status.Groups is not { } groups || groups.Contains(name)) return null;
        var known = groups.Count == 0 ? "none" : string.Join(", ", groups);
        return $"warning: the last sync saw no machine of a group {name}; groups: {known}"
            + DidYouMean.Hint(name, groups);
    }
}
