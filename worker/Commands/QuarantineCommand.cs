using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc quarantine list</c>: the machines that were stopped instead of terminated.</summary>
internal static class QuarantineCommand
{
    private const string ListHelp = """
        List the machines of a shard that are in quarantine, the oldest first. It asks the cloud, not a worker.
          nstance-gc quarantine list --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    public static Command Make(CommandLine line) => new("quarantine", "List what is in quarantine.")
    {
        line.Make(
            "list", ListHelp, Arguments.Of(Settings.Named("Cluster", "Shard", "Bucket", "Prefix")), async invocation =>
            {
                var options = invocation.Read("Cluster", "Shard", "Bucket");
                using var connections = new AwsConnections(new());
                var access = new ShardAccess(connections, options);
                var found = await access.QuarantinedAsync(invocation.CancellationToken);
                var instances = found.Select(i => new
                {
                    instance = i.TrackingId,
                    providerId = i.ProviderId,
                    group = i.Group,
                    state = i.State,
                    since = i.Tags[CloudTags.GcQuarantined],
                });
                invocation.Write(new { instances }, screen => Write(
                    screen, found, options, invocation.IsWide));
            }),
    };

    private static void Write(Screen screen, IReadOnlyList<CloudInstance> found, GcOptions options, bool wide)
    {
        if (found.Count == 0)
        {
            screen.Line($"nothing of {options.Cluster}/{options.Shard} is in quarantine");
            return;
        }

        var now = TimeProvider.System.GetUtcNow();
        Columns.Write(
            screen,
            ["CLOUD ID", "INSTANCE", "STATE", wide ? "SINCE" : "AGE", "GROUP"],
            [
                .. found.Select(i => (Cell[])
                [
                    i.ProviderId, i.TrackingId, i.State, Since(i.Tags[CloudTags.GcQuarantined], now, wide),
                    i.Group ?? "",
                ]),
            ]);
        var shard = $"--cluster {options.Cluster} --shard {options.Shard} --bucket {options.Bucket}";
        screen.Line($"next: nstance-gc release CLOUD-ID {shard} --comment TEXT");
    }

    /// <summary>A tag that is not a time keeps its machine in quarantine without end.</summary>
    private static Cell Since(string tag, DateTimeOffset now, bool wide) =>
        !CloudInstance.TryParseTime(tag, out var at) ? new(CloudInstance.Shown(tag), Tone.Bad)
        : new(wide ? Word.Time(at) : Word.Ago(now - at));
}
