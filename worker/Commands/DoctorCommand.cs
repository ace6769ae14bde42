using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc doctor</c>: checks everything, changes nothing, says how to repair it.</summary>
internal static class DoctorCommand
{
    private const string Help = """
        Look at everything without touching anything, and say how to mend what is wrong: settings, Temporal, namespace,
        search attributes, workers, schedule, collector, bucket, config.jsonc, cloud, AWS identity and permissions
        (dry-run calls), clock, database. It ends with 0 when nothing failed; a warning is no failure.
          nstance-gc doctor --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    public static Command Make(CommandLine line) =>
        line.Make("doctor", Help, Arguments.Of(Settings.All), RunAsync);

    /// <summary>Does the work, also for <c>nstance-gc config check</c>.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var read = invocation.ReadAll("Cluster", "Shard", "Bucket");
        var checks = read.Faults.Select(fault => Check.Failed("settings", fault)).ToList();
        if (checks.Count == 0) checks.Add(Check.Ok("settings", "all understood"));

        // A faulty setting has its default from here on, so that the other checks can run.
        var options = read.WithoutFaulty();
        var token = invocation.CancellationToken;
        var client = await TemporalChecks.RunAsync(() => invocation.ConnectAsync(options), checks, token);
        if (client is not null && IsOk(TemporalChecks.Namespace))
            await CollectorChecks.RunAsync(client, options, checks, token);
        else checks.Add(Check.Skipped(CollectorChecks.Workers, "no connection, or no namespace"));
        var region = await Preflight.ShardAsync(options, checks, database: true, token);
        using var connections = new AwsConnections(new());
        if (IsOk(ShardChecks.Cloud))
            await AwsChecks.RunAsync(new(connections, region, ShardChecks.CallTimeout), checks, token);
        else checks.Add(Check.Skipped(AwsChecks.Identity, "the cloud cannot be read, or no shard is given"));
        var code = Preflight.ExitCodeOf(checks);
        var shown = checks.Select(check => new { name = check.Name, state = check.State, detail = check.Detail });
        invocation.Write(
            new { ok = code == ExitCode.Done, checks = shown },
            screen => ChecksText.Write(screen, checks));
        return code;

        bool IsOk(string name) => checks.Exists(check => check.Name == name && check.State == CheckState.Ok);
    }
}
