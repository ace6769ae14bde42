using System.Text;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Every command that touches the bucket, for a nstance with <c>--prefix</c>.</summary>
public sealed class PrefixProcessTests : LoopbackShard
{
    private static readonly string[] Shard = ["--cluster", "c", "--shard", "s", "--bucket", "bbb", "--prefix", "x/y"];

    [Fact]
    public async Task Commands_Prefix_WorkUnderItAlone()
    {
        // The same shard without a prefix, as LoopbackShard puts it, must not be read.
        Cloud.S3.Put("bbb", "shard/s/config.jsonc", "broken"u8.ToArray());
        var missing = await EndAsync(["doctor"]);
        Assert.Contains("s3://bbb/x/y/shard/s/config.jsonc is not there", missing.Output, StringComparison.Ordinal);
        Cloud.S3.Put("bbb", "x/y/shard/s/config.jsonc", Encoding.UTF8.GetBytes("""
            { "cluster": { "id": "c" }, "shard": { "id": "s", "garbage_collection": { "registration_timeout": "1s" } } }
            """));
        var orphan = Cloud.Ec2.Launch(new LaunchSpec
        {
            Tags = new Dictionary<string, string>
            {
                ["nstance:managed"] = "true",
                ["nstance:cluster-id"] = "c",
                ["nstance:shard"] = "s",
            },
        })[0].Id;

        await using var worker = Process(["run", .. Shard]);
        await worker.LogUntilAsync(Ready, Token);
        var init = await EndAsync(["init", "--settle-time", "0s", "--interval", "1h", "--output", "json"]);
        Assert.Equal(ExitCode.Done, init.Code);
        Assert.Contains(
            "nstance-gc run --cluster c --shard s --bucket bbb --prefix x/y", init.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, (await SteerAsync("cycle --cluster c --shard s")).Code);

        var explain = await EndAsync(["explain", orphan, "--output", "json"]);
        Assert.Equal(ExitCode.Done, explain.Code);
        Assert.NotEmpty(explain.Json.GetProperty("audit").EnumerateArray());
        Assert.NotEmpty(Cloud.S3.Keys("bbb", "x/y/shard/s/gc/audit/"));
        Assert.Equal(["shard/s/config.jsonc"], Cloud.S3.Keys("bbb", "shard/"));

        var doctor = await EndAsync(["doctor", "--prefix", "z"]);
        Assert.Contains("it reads s3://bbb/x/y/, not s3://bbb/z/", doctor.Output, StringComparison.Ordinal);
    }

    private async Task<Cli> EndAsync(string[] args)
    {
        var shard = args.Contains("--prefix") ? Shard[..^2] : Shard;
        await using var process = Process([.. args, .. shard]);
        return await process.EndAsync(Token);
    }
}
