using System.CommandLine;
using Nstance.Temporal.Simulation.Nstance;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The command line of the demo.</summary>
internal static class DemoCommand
{
    public static async Task<int> InvokeAsync(string[] args, TextWriter stdout, TextWriter stderr)
    {
        var instances = NumberOption.Make("--instances", "size of the fleet", 200, 1, 100_000);
        var cycles = NumberOption.Make("--cycles", "cycles to run", 4, 1, 1_000);
        var seed = new Option<int?>("--seed") { Description = "the same seed makes the same fleet; default: random" };
        var server = new Option<string>("--server")
        {
            Description = "embedded, dev (Temporal's own dev server with its Web UI), or HOST:PORT of a server that runs",
            DefaultValueFactory = _ => DemoOptions.Embedded,
        };
        server.Validators.Add(result =>
        {
            var value = result.Tokens.SingleOrDefault()?.Value ?? DemoOptions.Embedded;
            if (value is not (DemoOptions.Embedded or DemoOptions.Dev) && !IsAddress(value))
                result.AddError($"--server: '{value}' is not embedded, dev or HOST:PORT");
        });
        var nstance = new Option<string>("--nstance")
        {
            Description = "generation of the nstance server that shares its database: v1 or v2",
            DefaultValueFactory = _ => "v2",
        };
        nstance.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is not (null or "v1" or "v2"))
                result.AddError($"--nstance: '{result.Tokens[0].Value}' is not v1 or v2");
        });
        var output = new Option<string>("--output") { Description = "text or json (one object on the last line)", DefaultValueFactory = _ => "text" };
        output.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is not (null or "text" or "json"))
                result.AddError($"--output: '{result.Tokens[0].Value}' is not text or json");
        });
        var root = new RootCommand("Shows nstance-gc at work on a simulated cloud, and judges it by that cloud's own truth.")
        {
            instances, cycles, seed, server, nstance, output,
        };
        root.SetAction((parsed, ct) => RunAsync(new DemoOptions
        {
            Instances = parsed.GetValue(instances),
            Cycles = parsed.GetValue(cycles),
            Seed = parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000),
            Server = parsed.GetValue(server)!,
            Nstance = parsed.GetValue(nstance) == "v1" ? NstanceGeneration.V1 : NstanceGeneration.V2,
            Json = parsed.GetValue(output) == "json",
        }, stdout, stderr, ct));

        var parse = root.Parse(args);
        if (parse.Errors.Count == 0)
            return await parse.InvokeAsync(new InvocationConfiguration { Output = stdout, Error = stderr });
        foreach (var error in parse.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal)) await stderr.WriteLineAsync($"demo: {error}");
        await stderr.WriteLineAsync("demo: --help lists the options");
        return 2;
    }

    private static async Task<int> RunAsync(DemoOptions options, TextWriter stdout, TextWriter stderr, CancellationToken ct)
    {
        var screen = new DemoScreen(options.Json, stdout, stderr);
        try
        {
            return (await new DemoRun(options, screen).RunAsync(ct)).Ok ? 0 : 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await stderr.WriteLineAsync("demo: interrupted; everything it started was stopped");
            return 130;
        }
        catch (Exception e) when (e is DemoFailure or RpcException or InvalidOperationException or IOException)
        {
            screen.Fail(e.Message.ReplaceLineEndings(" "));
            return 1;
        }
    }

    private static bool IsAddress(string text) =>
        text.LastIndexOf(':') is var colon and > 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0;
}
