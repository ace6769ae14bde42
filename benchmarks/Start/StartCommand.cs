using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Benchmarks.Commands;

namespace Nstance.Temporal.Benchmarks.Start;

/// <summary>From the start of a worker's process to its first poll, as the server sees it.</summary>
internal static class StartCommand
{
    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var worker = new Option<FileInfo>("--worker")
        {
            Description = "path of the published worker: dotnet publish worker -c Release -r linux-x64 --self-contained false -o DIRECTORY makes DIRECTORY/nstance-gc",
            Required = true,
        }.AcceptExistingOnly();
        var runs = Options.Number("--runs", "how often it is started; figures are medians", 5, 1, 100);
        var output = Options.Output();
        var command = new Command("start", "start of the worker's process to its first poll, with its checks and without") { worker, runs, output };
        command.SetAction(async (parsed, ct) =>
        {
            var figures = await new StartRun(parsed.GetValue(worker)!.FullName, parsed.GetValue(runs), stderr).RunAsync(ct);
            if (parsed.GetValue(output) == "json")
            {
                var json = new Dictionary<string, object> { ["runs"] = parsed.GetValue(runs) };
                foreach (var (name, series) in figures) json[name] = series.Median;
                json["range"] = figures.ToDictionary(f => f.Key, f => f.Value.Range);
                await stdout.WriteLineAsync(JsonSerializer.Serialize(json, JsonSerializerOptions.Web));
                return 0;
            }

            foreach (var (name, series) in figures)
                await stdout.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name,-22} {series.Median}   {series.Range[0]} … {series.Range[1]}"));
            return 0;
        });
        return command;
    }
}
