using System.CommandLine;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc release</c>: an instance leaves quarantine.</summary>
internal static class ReleaseCommand
{
    private const string Help = """
        Take an instance out of quarantine: it is started again, and protected from the collector for a while, so that nobody
        quarantines it at once again. INSTANCE is nstance's id or the cloud's.
          nstance-gc release --cluster prod --shard us-west-2a --bucket prod-nstance i-0123456789abcdef0 --comment "still needed"
        """;

    public static Command Make(CommandLine line)
    {
        var instance = new Argument<string>("INSTANCE") { Description = "nstance's instance id, or the cloud's" };
        var comment = new Option<string>("--comment") { Description = "Why; others will read it", HelpName = "TEXT", Required = true };
        var by = SteeringOptions.By();
        var protect = new Option<string>("--protect")
        {
            Description = "How long the collector must leave it alone",
            HelpName = "TIME",
            DefaultValueFactory = _ => "24h",
        };
        var command = line.Make("release", Help, Settings.Named("Cluster", "Shard", "Bucket"), async invocation =>
        {
            var read = invocation.ReadAll("Cluster", "Shard", "Bucket");
            var faults = read.Faults.ToList();
            if (!DurationText.TryParse(invocation.Parsed.GetValue(protect) ?? "", out var time) || time < TimeSpan.FromMinutes(1) || time > TimeSpan.FromDays(365))
                faults.Add($"--protect: \"{invocation.Parsed.GetValue(protect)}\" is not a time from 1m to 8760h");
            if (string.IsNullOrWhiteSpace(invocation.Parsed.GetValue(comment))) faults.Add("--comment: is empty: say why, others will read it");
            if (faults.Count > 0) throw new CommandException(ExitCode.BadInput, faults);
            using var connections = new AwsConnections(new());
            var access = new ShardAccess(connections, read.Options);
            var token = invocation.CancellationToken;
            var result = await access.RunAsync(async () => await (await access.ReleaseAsync(token)).RunAsync(
                invocation.Parsed.GetValue(instance)!, invocation.Parsed.GetValue(by)!, invocation.Parsed.GetValue(comment)!,
                DateTimeOffset.UtcNow, time, token));
            if (result.Released is not { } released) throw new CommandException(ExitCode.Refused, result.Refused!);
            if (result.Untold is { } untold)
                invocation.Note($"it is released, but the audit does not tell of it: {TemporalConnector.FirstLine(untold)}");
            invocation.Write(
                new { instance = released.TrackingId, providerId = released.ProviderId, protectedUntil = result.ProtectedUntil },
                screen => screen.Output.WriteLine($"{released.ProviderId} ({released.TrackingId}) starts again; the collector leaves it alone until {Word.Time(result.ProtectedUntil)}"));
            return ExitCode.Done;
        });
        command.Add(instance);
        command.Add(comment);
        command.Add(by);
        command.Add(protect);
        return command;
    }
}
