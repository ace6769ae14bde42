using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary><c>soak --days N</c>: a fleet with churn for simulated days; 1 when anything grew or leaked.</summary>
internal static class SoakCommand
{
    public static Command Make(TextWriter stdout, TextWriter stderr)
    {
        var days = Arguments.Number("--days", "simulated days", 30, 1, 365);
        var minutes = Arguments.Number("--interval", "minutes between two cycles", 2, 1, 60);
        var command = new Command(
            "soak", "Runs a collector over a fleet with churn, and measures what it holds each day.")
        {
            days, minutes,
        };
        command.SetAction(async (parsed, ct) =>
        {
            ChaosCommand.TuneSqlite();
            var outcome = await SoakRun.RunAsync(
                parsed.GetValue(days), TimeSpan.FromMinutes(parsed.GetValue(minutes)),
                day => stderr.WriteLine(JsonSerializer.Serialize(day)), ct);
            await stdout.WriteLineAsync(JsonSerializer.Serialize(outcome));
            return outcome.Faults.Count == 0 ? 0 : 1;
        });
        return command;
    }
}
