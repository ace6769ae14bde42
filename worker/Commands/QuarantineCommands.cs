using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// <c>nstance-gc quarantine list</c> and <c>release</c>: the machines that were stopped instead of terminated. Both ask
/// the cloud, not a worker.
/// </summary>
internal static class QuarantineCommands
{
    private const string ListHelp = """
        List the machines of a shard that are in quarantine, the oldest first. It asks the cloud, not a worker.
          nstance-gc quarantine list --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    private const string ReleaseHelp = """
        Take an instance out of quarantine: it is started again, and protected from the collector for a while.
        INSTANCE is nstance's id or the cloud's.
          nstance-gc release --cluster prod --shard us-west-2a --bucket prod-nstance i-0123456789abcdef0 \
              --comment "still needed"
        """;


    private static readonly (TimeSpan Min, TimeSpan Max) Protection = (TimeSpan.FromMinutes(1), TimeSpan.FromDays(365));

    public static Command MakeQuarantine(CommandLine line) => new("quarantine", "List what is in quarantine.")
    {
        line.Make("list", ListHelp, Place(), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            using var connections = new AwsConnections(new());
            var found = await FindAsync(connections, options.ShardRef!, invocation.CancellationToken);
            var instances = found.Select(i => new
            {
                instance = i.TrackingId, i.ProviderId, i.Group, i.State, since = i.Tags[CloudTags.GcQuarantined],
            });
            invocation.Write(new { instances }, screen => Write(screen, found, options, invocation.IsWide));
        }),
    };

    public static Command MakeRelease(CommandLine line)
    {
        var instance = Arguments.Instance();
        var comment = Arguments.Why("--comment");
        var by = Arguments.By();
        var protect = Arguments.Text("--protect", "TIME", "How long the collector must leave it alone", "24h");
        return line.Make("release", ReleaseHelp, [.. Place(), instance, comment, by, protect], async invocation =>
        {
            var time = Arguments.ReadTime(protect, invocation, Protection);
            var why = Arguments.ReadWhy(comment, invocation);
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            var shard = options.ShardRef!;
            var token = invocation.CancellationToken;
            using var aws = new AwsConnections(new());
            IConnections connections = aws;
            var release = new Release(
                await CloudAsync(connections, shard, token), connections.Audit(Invocation.CallTimeout), shard);
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
                    screen.Line($"next: nstance-gc quarantine list {Named(options)}");
                });
        });
    }

    private static IEnumerable<Option> Place() =>
        Arguments.Of(Settings.Named("Cluster", "Shard", "Bucket", "Prefix"));

    private static string Named(GcOptions options) =>
        $"--cluster {options.Cluster} --shard {options.Shard} --bucket {options.Bucket}";

    private static void Write(Screen screen, IReadOnlyList<CloudInstance> found, GcOptions options, bool wide)
    {
        if (found.Count == 0)
        {
            screen.Line($"nothing of {options.Cluster}/{options.Shard} is in quarantine");
            return;
        }

        var now = TimeProvider.System.GetUtcNow();
        Columns.Write(
            screen, found, wide,
            new("CLOUD ID", i => i.ProviderId),
            new("INSTANCE", i => i.TrackingId),
            new("STATE", i => i.State),
            new(wide ? "SINCE" : "AGE", i => Since(i.Tags[CloudTags.GcQuarantined], now, wide)),
            new("GROUP", i => i.Group ?? ""));
        screen.Line($"next: nstance-gc release CLOUD-ID {Named(options)} --comment TEXT");
    }

    /// <summary>A tag that is not a time keeps its machine in quarantine without end.</summary>
    private static Cell Since(string tag, DateTimeOffset now, bool wide) =>
        !QuarantineTag.TryParse(tag, out var known) ? new(CloudInstance.Shown(tag), Tone.Bad)
        : new(wide ? Word.Time(known.At) : Word.Ago(now - known.At));

    /// <summary>Returns the shard's machines that are in quarantine, the oldest first.</summary>
    private static async Task<IReadOnlyList<CloudInstance>> FindAsync(
        IConnections connections, ShardRef shard, CancellationToken cancellationToken)
    {
        var cloud = await CloudAsync(connections, shard, cancellationToken);
        var found = new List<CloudInstance>();
        await foreach (var page in cloud.ListAsync(shard, expected: 0, cancellationToken))
        {
            found.AddRange(page.Where(i => i.IsOwn(shard) && i.Status != InstanceStatus.Deleted
                && i.Tags.ContainsKey(CloudTags.GcQuarantined)));
        }

        return [.. found.OrderBy(i => i.Tags[CloudTags.GcQuarantined], StringComparer.Ordinal)];
    }

    /// <summary>Returns the cloud in the region that the shard's configuration names.</summary>
    private static async Task<ICloud> CloudAsync(
        IConnections connections, ShardRef shard, CancellationToken cancellationToken)
    {
        var key = ShardKeys.Config(shard);
        var bytes = await connections.Records(Invocation.CallTimeout).GetConfigAsync(shard, cancellationToken)
            ?? throw CommandException.BadInput($"s3://{shard.Bucket}/{key} is not there: is --shard right?");
        var parsed = ShardConfig.Parse(bytes, shard, connections.Provider);
        return parsed.Config is { } config
            ? connections.Cloud(config.Region, Invocation.CallTimeout)
            : throw new CommandException(ExitCode.BadInput, [.. parsed.Faults.Select(fault => $"{key}: {fault}")]);
    }
}
