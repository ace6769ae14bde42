using System.CommandLine;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc doctor</c>: everything looked at, nothing touched, and how to mend what is wrong.</summary>
internal static class DoctorCommand
{
    private const string Help = """
        Look at everything without touching anything, and say how to mend what is wrong: settings, Temporal, namespace, search attributes,
        workers, schedule, collector, bucket, config.jsonc, cloud, AWS identity and permissions (dry-run calls), clock, database.
        It ends with 0 when nothing failed; a warning is no failure.
          nstance-gc doctor --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(15);

    public static Command Make(CommandLine line) => line.Make("doctor", Help, Settings.All, RunAsync);

    /// <summary>The same for <c>nstance-gc config check</c>.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var read = invocation.ReadAll("Cluster", "Shard", "Bucket");
        var checks = read.Faults.Select(fault => Check.Failed("settings", fault)).ToList();
        if (checks.Count == 0) checks.Add(Check.Ok("settings", "all understood"));

        // Faulty settings hold their defaults or what was given; the checks below tell more faults, or are skipped.
        var options = read.WithoutFaulty();
        var token = invocation.CancellationToken;
        var client = await TemporalChecks.RunAsync(() => invocation.ConnectAsync(options), checks, token);
        if (client is not null && checks.Exists(check => check.Name == TemporalChecks.Namespace && check.State == CheckState.Ok))
            await CollectorChecks.RunAsync(client, options, checks, token);
        else checks.Add(Check.Skipped(CollectorChecks.Workers, "no connection, or no namespace"));
        var region = await Preflight.ShardAsync(options, checks, database: true, token);
        using var connections = new AwsConnections(new());
        if (checks.Exists(check => check.Name == ShardChecks.Cloud && check.State == CheckState.Ok))
            await AwsChecks.RunAsync(new(connections, region, CallTimeout), checks, token);
        else checks.Add(Check.Skipped(AwsChecks.Identity, "the cloud cannot be read, or no shard is given"));

        var code = Preflight.ExitCodeOf(checks);
        invocation.Write(
            new { ok = code == ExitCode.Done, checks = checks.Select(c => new { name = c.Name, state = c.State, detail = c.Detail }) },
            screen => CheckText.Write(screen.Console, checks));
        return code;
    }
}
