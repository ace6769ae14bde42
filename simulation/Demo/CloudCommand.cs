using System.CommandLine;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// <c>cloud</c>: serves EC2 and S3 on loopback with a simulated fleet until it is interrupted. Use it with a worker and
/// a server that you start yourself.
/// </summary>
internal static class CloudCommand
{
    private const string Key = "demo";

    /// <summary>Makes the command. It ends with 0 when interrupted, with 1 when it could not start.</summary>
    public static Command Make(TextWriter stdout, TextWriter stderr)
    {
        var demo = ShardLayout.Demo;
        var instances = Arguments.Number("--instances", "size of the fleet", 200, 1, 100_000);
        var seed = Arguments.Number("--seed", "the same seed makes the same fleet", 1, 1, int.MaxValue);
        var ec2 = Arguments.Number("--ec2-port", "where EC2 listens on loopback", 5001, 0, ushort.MaxValue);
        var s3 = Arguments.Number("--s3-port", "where S3 listens on loopback", 5002, 0, ushort.MaxValue);
        var cluster = Arguments.Text("--cluster", "the fleet's cluster", demo.Cluster);
        var shard = Arguments.Text("--shard", "the fleet's shard", demo.Shard);
        var bucket = Arguments.Text("--bucket", "the bucket of its records", demo.Bucket);
        var prefix = Arguments.Text("--prefix", "what nstance's --prefix puts before each key; empty: nothing", "");
        var database = Arguments.Optional(
            "--database", "nstance's database; must not be there yet; default: in a temporary folder");
        database.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is { } path && File.Exists(path))
                result.AddError($"--database: '{path}' is there already: name another, or remove it");
        });
        var command = new Command(
            "cloud", "Serves EC2 and S3 on loopback, with a fleet that changes, until interrupted.")
        {
            instances, seed, ec2, s3, cluster, shard, bucket, prefix, database,
        };
        command.SetAction(async (parsed, token) =>
        {
            var place = new ShardRef(
                parsed.GetValue(cluster)!, parsed.GetValue(shard)!, parsed.GetValue(bucket)!,
                parsed.GetValue(prefix)!);
            var options = new SimulatedCloudOptions
            {
                Ec2Port = parsed.GetValue(ec2),
                S3Port = parsed.GetValue(s3),
                Buckets = [place.Bucket],
                AccessKeys = [Key],
            };
            using var temporary = new TempFolder("nstance-gc-cloud-");
            try
            {
                var path = Path.GetFullPath(parsed.GetValue(database) ?? Path.Combine(temporary.Path, "nstance.db"));
                await RunAsync(place, options, parsed.GetValue(instances), parsed.GetValue(seed), path, stdout, token);
                return 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await stderr.WriteLineAsync($"cloud: {e.Message.ReplaceLineEndings(" ")}");
                return 1;
            }
        });
        return command;
    }

    private static async Task RunAsync(
        ShardRef shard, SimulatedCloudOptions options, int instances, int seed, string database, TextWriter stdout,
        CancellationToken ct)
    {
        await using var cloud = await SimulatedCloud.StartAsync(options, ct);
        using var fleet = new LivingFleet(cloud, shard, database, seed, NstanceGeneration.V2);
        fleet.Settle(instances);
        var where = $"nstance's database in {database}";
        await stdout.WriteLineAsync($"""
            {instances} instances of shard {shard.Cluster}/{shard.Shard}, records in bucket {shard.Bucket}, {where}
            In the shell of nstance-gc:
              export AWS_ENDPOINT_URL_EC2={cloud.Ec2Url} AWS_ENDPOINT_URL_S3={cloud.S3Url}
              export AWS_ACCESS_KEY_ID={Key} AWS_SECRET_ACCESS_KEY={Key} AWS_REGION=us-west-2
            Ctrl-C ends it.
            """);
        await fleet.LiveAsync(ct);
        var ended = cloud.Ec2.All().Count(machine => !machine.Alive);
        await stdout.WriteLineAsync($"{cloud.Ec2.All().Count - ended} machines run, {ended} are terminated; "
            + $"nstance was misled by the collector's rows {fleet.NstanceMisled.Count} times");
    }
}
