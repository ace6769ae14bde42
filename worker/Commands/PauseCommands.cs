using System.CommandLine;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Worker;

/// <summary><c>nstance-gc pause</c> and <c>resume</c>: the collector itself stays, and does nothing.</summary>
internal static class PauseCommands
{
    private const string PauseHelp = """
        Pause a shard's collector: no cycle until it is resumed, or until a time.
          nstance-gc pause --cluster prod --shard us-west-2a --reason "migrating" --until 2h
        """;

    private const string ResumeHelp = """
        Resume a paused collector.
          nstance-gc resume --cluster prod --shard us-west-2a
        """;

    public static Command MakePause(CommandLine line)
    {
        var reason = new Option<string>("--reason") { Description = "Why; others will read it", HelpName = "TEXT", Required = true };
        var until = new Option<string?>("--until")
        {
            Description = "When to go on by itself: a time from now (2h) or a moment",
            HelpName = "TIME",
            Arity = ArgumentArity.ExactlyOne,
        };
        var by = By();
        var command = line.Make("pause", PauseHelp, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var request = new PauseRequest(invocation.Parsed.GetValue(reason) ?? "")
            {
                Until = Arguments.Moment(until, invocation, TimeProvider.System),
                By = invocation.Parsed.GetValue(by),
            };
            if (string.IsNullOrWhiteSpace(request.Reason))
            {
                throw new CommandException(ExitCode.BadInput, "--reason: is empty: say why, others will read it");
            }

            var client = await invocation.ConnectAsync(options);
            var status = await new Collector(client, options, invocation.CancellationToken).PauseAsync(request);
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
        command.Add(reason);
        command.Add(until);
        command.Add(by);
        return command;
    }

    public static Command MakeResume(CommandLine line)
    {
        var by = By();
        var command = line.Make("resume", ResumeHelp, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var client = await invocation.ConnectAsync(options);
            var status = await new Collector(client, options, invocation.CancellationToken)
                .ResumeAsync(new() { By = invocation.Parsed.GetValue(by) });
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
        command.Add(by);
        return command;
    }

    private static Option<string> By() => new("--by")
    {
        Description = "Who asks [default: the user's name]",
        HelpName = "NAME",
        DefaultValueFactory = _ => Environment.UserName,
    };
}
