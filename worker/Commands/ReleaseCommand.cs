using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc release</c>: an instance leaves quarantine.</summary>
internal static class ReleaseCommand
{
    private const string Help = """
        Take an instance out of quarantine: it is started again, and protected from the collector for a while.
        INSTANCE is nstance's id or the cloud's.
          nstance-gc release --cluster prod --shard us-west-2a --bucket prod-nstance i-0123456789abcdef0 \
              --comment "still needed"
        """;

    private static readonly TimeSpan MinProtection = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan MaxProtection = TimeSpan.FromDays(365);

    public static Command Make(CommandLine line)
    {
        var instance = Arguments.Instance();
        var comment = Arguments.Why("--comment");
        var by = Arguments.By();
        var protect = Arguments.Text("--protect", "TIME", "How long the collector must leave it alone", "24h");
        var settings = Arguments.Of(Settings.Named("Cluster", "Shard", "Bucket", "Prefix"));
        return line.Make("release", Help, [.. settings, instance, comment, by, protect], async invocation =>
        {
            var time = Protection(protect, invocation);
            var why = Arguments.ReadWhy(comment, invocation);
            using var connections = new AwsConnections(new());
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            var access = new ShardAccess(connections, options);
            var token = invocation.CancellationToken;
            var release = await access.ReleaseAsync(token);
            var result = await release.RunAsync(
                invocation.Get(instance), invocation.Get(by), why, DateTimeOffset.UtcNow, time, token);
            if (result.Released is not { } released) throw new CommandException(ExitCode.Refused, result.Refused!);
            if (result.Untold is { } untold)
            {
                invocation.Note(
                    $"the machine is released, but its audit record was not written: {Failure.FirstLine(untold)}");
            }


            var until = result.ProtectedUntil;
            invocation.Write(
                new { instance = released.TrackingId, providerId = released.ProviderId, protectedUntil = until },
                screen =>
                {
                    screen.Line($"released: {released.ProviderId} ({released.TrackingId}) starts again");
                    screen.Line($"the collector skips it until {Word.Time(until)}");
                    screen.Line($"next: nstance-gc quarantine list --cluster {options.Cluster} --shard {options.Shard} "
                        + $"--bucket {options.Bucket}");
                });
        });
    }

    private static TimeSpan Protection(Option<string> option, Invocation invocation)
    {
        var text = invocation.Get(option);
        if (DurationText.TryParse(text, out var time) && time >= MinProtection && time <= MaxProtection) return time;
        var allowed = $"a time from {DurationText.Format(MinProtection)} to {DurationText.Format(MaxProtection)}";
        invocation.Fault(option, $"\"{text}\" is not {allowed}");
        return time;
    }
}
