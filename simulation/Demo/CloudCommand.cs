using System.CommandLine;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// <c>cloud</c>: only the endpoints that speak EC2 and S3, and a shard's fleet that lives and leaks, until interrupted; for
/// those who start the pieces one by one.
/// </summary>
internal static class CloudCommand
{
    private const string Key = "demo";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <returns>0 when interrupted; 1 when it could not start; 2 for bad input.</returns>
    public static async Task<int> InvokeAsync(string[] args, TextWriter stdout, TextWriter stderr, CancellationToken ct = default)
    {
        var demo = ShardPlace.Demo;
        var instances = NumberOption.Make("--instances", "size of the fleet", 200, 1, 100_000);
        var seed = NumberOption.Make("--seed", "the same seed makes the same fleet", 1, 1, int.MaxValue);
        var ec2 = NumberOption.Make("--ec2-port", "where EC2 listens on loopback", 5001, 0, ushort.MaxValue);
        var s3 = NumberOption.Make("--s3-port", "where S3 listens on loopback", 5002, 0, ushort.MaxValue);
        var cluster = Text("--cluster", "the fleet's cluster", demo.Cluster);
        var shard = Text("--shard", "the fleet's shard", demo.Shard);
        var bucket = Text("--bucket", "the bucket of its records", demo.Bucket);
        var database = new Option<string>("--database") { Description = "nstance's database; must not be there yet; default: in a temporary folder" };
        database.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is { } path && File.Exists(path))
                result.AddError($"--database: '{path}' is there already: name another, or remove it");
        });
        var root = new RootCommand("Endpoints on loopback that speak EC2 and S3, and a fleet that lives and leaks, until interrupted.")
        {
            instances, seed, ec2, s3, cluster, shard, bucket, database,
        };
        root.SetAction((parsed, token) => RunAsync(
            new(parsed.GetValue(cluster)!, parsed.GetValue(shard)!, parsed.GetValue(bucket)!),
            new() { Ec2Port = parsed.GetValue(ec2), S3Port = parsed.GetValue(s3), Seed = parsed.GetValue(seed) },
            parsed.GetValue(instances), parsed.GetValue(database), stdout, stderr, token));
        var parse = root.Parse(args);
        if (parse.Errors.Count == 0) return await parse.InvokeAsync(new InvocationConfiguration { Output = stdout, Error = stderr }, ct);
        foreach (var error in parse.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal)) await stderr.WriteLineAsync($"cloud: {error}");
        return 2;
    }

    private static async Task<int> RunAsync(
        ShardPlace place, SimulatedCloudOptions options, int instances, string? named, TextWriter stdout, TextWriter stderr, CancellationToken ct)
    {
        var temporary = named is null ? Directory.CreateTempSubdirectory("nstance-gc-cloud-").FullName : null;
        try
        {
            await using var cloud = await SimulatedCloud.StartAsync(options with { Buckets = [place.Bucket], AccessKeys = [Key] }, ct);
            var path = named is null ? Path.Combine(temporary!, "server.db") : Path.GetFullPath(named);
            using var fleet = new LivingFleet(cloud, place, path, options.Seed, NstanceGeneration.V2);
            fleet.Settle(instances);
            await stdout.WriteLineAsync($"""
                {instances} instances of shard {place.Cluster}/{place.Shard}, records in bucket {place.Bucket}, nstance's database in {path}
                In the shell of nstance-gc:
                  export AWS_ENDPOINT_URL_EC2={cloud.Ec2Url} AWS_ENDPOINT_URL_S3={cloud.S3Url}
                  export AWS_ACCESS_KEY_ID={Key} AWS_SECRET_ACCESS_KEY={Key} AWS_REGION=us-west-2
                Ctrl-C ends it.
                """);
            await LiveAsync(fleet, ct);
            var ended = cloud.Ec2.All().Count(machine => !machine.Alive);
            await stdout.WriteLineAsync($"{cloud.Ec2.All().Count - ended} machines live, {ended} do not; "
                + $"nstance was misled by the collector's rows {fleet.NstanceMisled.Count} times");
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await stderr.WriteLineAsync($"cloud: {e.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
        finally
        {
            if (temporary is not null) Directory.Delete(temporary, recursive: true);
        }
    }

    private static async Task LiveAsync(LivingFleet fleet, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Beat);
        try
        {
            while (await timer.WaitForNextTickAsync(ct)) fleet.Beat();
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }

    private static Option<string> Text(string name, string description, string standard) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
    };
}
