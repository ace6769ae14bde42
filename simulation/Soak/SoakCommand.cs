using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary><c>soak --days N</c>: a fleet with churn for simulated days; ends with 1 when anything grew, leaked or went wrong.</summary>
internal static class SoakCommand
{
    public static async Task<int> InvokeAsync(string[] args, TextWriter stdout, TextWriter stderr)
    {
        var days = new Option<int>("--days") { Description = "simulated days", DefaultValueFactory = _ => 30 };
        var minutes = new Option<int>("--interval") { Description = "minutes between two cycles", DefaultValueFactory = _ => 2 };
        var root = new RootCommand("Runs a collector over a fleet with churn, and measures what it holds each day.") { days, minutes };
        var parse = root.Parse(args);
        var faults = parse.Errors.Select(e => e.Message).ToList();
        if (faults.Count == 0 && parse.GetValue(days) is < 1 or > 365) faults.Add("--days: a whole number from 1 to 365");
        if (faults.Count == 0 && parse.GetValue(minutes) is < 1 or > 60) faults.Add("--interval: a whole number from 1 to 60");
        if (faults.Count > 0)
        {
            foreach (var fault in faults) await stderr.WriteLineAsync($"soak: {fault}");
            return 2;
        }

        ChaosCommand.SpareSqlite();
        var outcome = await SoakRun.RunAsync(
            parse.GetValue(days), TimeSpan.FromMinutes(parse.GetValue(minutes)), day => stderr.WriteLine(JsonSerializer.Serialize(day)), CancellationToken.None);
        await stdout.WriteLineAsync(JsonSerializer.Serialize(outcome));
        return outcome.Faults.Count == 0 ? 0 : 1;
    }
}
