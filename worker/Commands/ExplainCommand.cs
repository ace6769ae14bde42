using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc explain</c>: the history of one instance.</summary>
internal static class ExplainCommand
{
    private const string Help = """
        Tell the story of one instance: what was done to it, when, why, on what evidence, and who approved. From the
        audit in the bucket, its record, and the database on this host. INSTANCE is nstance's id or the cloud's.
          nstance-gc explain --cluster prod --shard us-west-2a --bucket prod-nstance i-0123456789abcdef0
        """;

    private const int MaxDays = 366;

    public static Command Make(CommandLine line)
    {
        var instance = Arguments.Instance();
        var days = Arguments.Whole("--days", "How many days of the audit are read, today's included", 7, 1, MaxDays);
        var settings = Arguments.Of(
            Settings.Named("Cluster", "Shard", "Bucket", "Prefix", "DataDirectory", "SharedDatabasePath"));
        return line.Make("explain", Help, [.. settings, instance, days], async invocation =>
        {
            var count = invocation.Get(days);
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            var databases = new ShardDatabases
            {
                DataDirectory = options.DataDirectory,
                SharedDatabasePath = options.SharedDatabasePath,
            };
            using var connections = new AwsConnections(new());
            var reader = new HistoryReader(connections, databases, options.ShardRef!, Invocation.CallTimeout);
            var today = DateOnly.FromDateTime(DateTime.UtcNow);
            var name = invocation.Get(instance);
            var story = await reader.ReadAsync(name, today.AddDays(1 - count), today, invocation.CancellationToken);
            if (story.IsEmpty)
            {
                var line = $"{name}: nothing is known of it in the last {count} days: --days looks further back";
                throw new CommandException(ExitCode.NotFound, [line, .. story.Gaps]);
            }

            invocation.Write(ToJson(story), screen => Write(screen, story));
        });
    }

    /// <summary>Never the whole row or record: those hold tokens and keys.</summary>
    private static object ToJson(InstanceHistory story) => new
    {
        row = story.Row is { } row
            ? new
            {
                row.Id,
                row.ProviderId,
                row.Tenant,
                row.Group,
                row.IssuedAt,
                row.RegisteredAt,
                row.HealthAt,
                row.DeletedAt,
            }
            : null,
        record = story.Record is RecordRead.Found { Record: var record }
            ? new { record.Tenant, record.Group, record.Status, record.ProviderId, record.RegisteredAt }
            : null,
        audit = story.Entries,
        gaps = story.Gaps,
    };

    private static void Write(Screen screen, InstanceHistory story)
    {
        screen.Sentence($"database: {(story.Row is { } row ? EvidenceText.Row(row) : "no row on this host")}", 0);
        if (story.Record is not null) screen.Sentence($"record: {EvidenceText.Record(story.Record, null)}", 0);
        foreach (var gap in story.Gaps) screen.Warn(gap);
        if (story.Entries.Count == 0) screen.Line("audit: nothing was done to it in these days");
        foreach (var e in story.Entries)
        {
            var cycle = e.Cycle > 0 ? $"cycle {e.Cycle}{(e.DryRun ? ", dry-run" : "")} on {e.Host}" : "by hand";
            screen.Line(
                $"{Word.Time(e.DoneAt ?? e.At)} ", new(e.Action, Tone.Bold),
                $" ({cycle}{(e.Reason is { } reason ? $", {reason}" : "")})");
            screen.Sentence(e.Why, 2);
            if (e.ApprovedBy is { } by) screen.Sentence($"by {by}: {e.ApprovalComment}", 2);
            if (e.Evidence?.Row is { } seen) screen.Sentence($"database: {seen}", 2);
            if (e.Evidence?.Cloud is { } cloud) screen.Sentence($"cloud: {cloud}", 2);
            if (e.Evidence?.Record is { } record) screen.Sentence($"record: {record}", 2);
            if (e.Limits is { } limits) screen.Sentence($"limits: {limits}", 2);
        }
    }
}
