using System.CommandLine;
using Nstance.Temporal.Simulation.Nstance;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The command line of the demo.</summary>
internal static class DemoCommand
{
    public static RootCommand Make(TextWriter stdout, TextWriter stderr)
    {
        var instances = Arguments.Number("--instances", "size of the fleet", 200, 1, 100_000);
        var cycles = Arguments.Number("--cycles", "cycles to run", 4, 1, 1_000);
        var seed = Arguments.Number("--seed", "the same seed makes the same fleet; 0: random", 0, 0, int.MaxValue);
        var server = Arguments.Text(
            "--server", "embedded, dev (Temporal's own dev server with its Web UI), or HOST:PORT of a server that runs",
            DemoOptions.Embedded);
        server.Validators.Add(result =>
        {
            var value = result.Tokens.SingleOrDefault()?.Value ?? DemoOptions.Embedded;
            if (value is not (DemoOptions.Embedded or DemoOptions.Dev) && !IsAddress(value))
                result.AddError($"--server: '{value}' is not embedded, dev or HOST:PORT");
        });
        // The default stands second in the message.
        var nstance = Arguments.Choice(
            "--nstance", "generation of the nstance server that shares its database: v1 or v2", "v1", "v2");
        nstance.DefaultValueFactory = _ => "v2";
        var output = Arguments.Output();
        var picture = Arguments.Optional("--picture", "write the output to this file too, as an SVG");
        picture.Validators.Add(result =>
        {
            var value = result.Tokens.SingleOrDefault()?.Value ?? "";
            if (value.Length == 0 || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(value))))
                result.AddError($"--picture: the folder of '{value}' does not exist");
        });
        var root = new RootCommand(
            "Shows nstance-gc at work on a simulated cloud, and judges it by that cloud's own truth.")
        {
            instances, cycles, seed, server, nstance, output, picture,
        };
        root.SetAction((parsed, ct) => RunAsync(
            new(
                parsed.GetValue(instances), parsed.GetValue(cycles),
                parsed.GetValue(seed) is > 0 and var given ? given : Random.Shared.Next(1, 1_000_000),
                parsed.GetValue(server)!,
                parsed.GetValue(nstance) == "v1" ? NstanceGeneration.V1 : NstanceGeneration.V2),
            parsed.GetValue(output) == "json", parsed.GetValue(picture), stdout, stderr, ct));
        return root;
    }

    private static async Task<int> RunAsync(
        DemoOptions options, bool json, string? picture, TextWriter stdout, TextWriter stderr, CancellationToken ct)
    {
        using var drawn = new StringWriter { NewLine = "\n" };
        var screen = new DemoScreen(json, picture is null ? stdout : drawn, stderr);
        try
        {
            var result = await new DemoRun(options, screen).RunAsync(ct);
            if (picture is null) return result.Ok ? 0 : 1;
            await stdout.WriteAsync(drawn.ToString());
            await File.WriteAllTextAsync(
                picture, Picture.Of("dotnet run --project simulation", drawn.ToString()), ct);
            return result.Ok ? 0 : 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            screen.Fail("interrupted; everything it started was stopped");
            return 130;
        }
        catch (Exception e) when (e is DemoFailure or RpcException or InvalidOperationException or IOException)
        {
            screen.Fail(e.Message.ReplaceLineEndings(" "));
            return 1;
        }
    }

    private static bool IsAddress(string text) => text.LastIndexOf(':') is var colon and > 0
        && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0;
}
