using System.CommandLine;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc pause</c> and <c>resume</c>: the collector itself stays, and does nothing.</summary>
internal static class PauseCommands
{
    private const string PauseHelp = """
        Pause a shard's collector: no cycle until it is resumed, or until a time. With --group or --sweep only that part.
          nstance-gc pause --cluster prod --shard us-west-2a --reason "migrating" --until 2h
          nstance-gc pause --cluster prod --shard us-west-2a --reason "slow images" --group acme/web --sweep dangling
        """;

    private const string ResumeHelp = """
        Resume a paused collector, or the part that was paused with the same --group and --sweep.
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
        var (by, group, sweep) = (SteeringOptions.By(), SteeringOptions.Group(), SteeringOptions.Sweep());
        var command = line.Make("pause", PauseHelp, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var part = SteeringOptions.Part(group, sweep, invocation);
            var request = new PauseRequest(invocation.Parsed.GetValue(reason) ?? "")
            {
                Until = Arguments.Moment(until, invocation, TimeProvider.System),
                By = invocation.Parsed.GetValue(by),
                Group = part.Group,
                Sweep = part.Sweep,
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
        command.Add(group);
        command.Add(sweep);
        return command;
    }

    public static Command MakeResume(CommandLine line)
    {
        var (by, group, sweep) = (SteeringOptions.By(), SteeringOptions.Group(), SteeringOptions.Sweep());
        var command = line.Make("resume", ResumeHelp, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var part = SteeringOptions.Part(group, sweep, invocation);
            var client = await invocation.ConnectAsync(options);
            var status = await new Collector(client, options, invocation.CancellationToken)
                .ResumeAsync(new() { By = invocation.Parsed.GetValue(by), Group = part.Group, Sweep = part.Sweep });
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
        command.Add(by);
        command.Add(group);
        command.Add(sweep);
        return command;
    }
}
