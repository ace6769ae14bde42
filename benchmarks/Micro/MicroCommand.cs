using System.CommandLine;
using System.Text.Json;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Nstance.Temporal.Benchmarks.Commands;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>The inner loops, by BenchmarkDotNet: what is done for each instance, record or page.</summary>
internal static class MicroCommand
{
    private static readonly Type[] Types =
    [
        typeof(IdBenchmarks), typeof(GoTextBenchmarks), typeof(RecordBenchmarks),
        typeof(FinderBenchmarks), typeof(ListingBenchmarks), typeof(UpsertBenchmarks),
    ];

    /// <summary>The toolchain's own five minutes do not hold a default job with its set-up on a busy machine.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly Dictionary<string, Job> Jobs = new(StringComparer.Ordinal)
    {
        ["dry"] = Job.Dry,
        ["short"] = Job.ShortRun,
        ["medium"] = Job.MediumRun,
        ["default"] = Job.Default,
    };

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var filter = new Option<string[]>("--filter")
        {
            Description = "globs of Type.Method, for example *Id* or FinderBenchmarks.*; all when not given",
            AllowMultipleArgumentsPerToken = true,
        };
        var job = new Option<string>("--job") { Description = "how long: dry, short, medium or default", DefaultValueFactory = _ => "default" }
            .AcceptOnlyFromAmong([.. Jobs.Keys]);
        var output = Options.Output();
        var command = new Command("micro", "inner loops: time and allocations of ids, times, records, states, pages and scans") { filter, job, output };
        command.SetAction(async (parsed, _) =>
        {
            // Its own writer on stderr: BenchmarkDotNet's logger takes no other than a stream's.
            using var log = new StreamLogger(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true });
            var globs = (parsed.GetValue(filter) ?? []).Select(glob => $"*.Micro.{glob}").ToArray();
            var summaries = BenchmarkRunner.Run(Types, Config(Jobs[parsed.GetValue(job)!], globs, log));
            MicroDatabase.Forget();
            var reports = summaries.SelectMany(summary => summary.Reports).ToList();
            if (summaries.Any(summary => summary.HasCriticalValidationErrors) || reports.Count == 0 || reports.Exists(r => r.ResultStatistics is null))
            {
                await stderr.WriteLineAsync("benchmarks: nothing was measured, or not all: see above");
                return 1;
            }

            if (parsed.GetValue(output) == "json")
                await stdout.WriteLineAsync(JsonSerializer.Serialize(reports.ToDictionary(Name, Figures), JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }

    // BenchmarkDotNet's default toolchain writes a project, restores and builds it each time: that may ask the registry, and
    // whoever measures must not depend on it. So all runs in this process, one benchmark after the other.
    private static ManualConfig Config(Job job, string[] globs, StreamLogger log)
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(job.WithToolchain(new InProcessEmitToolchain(Longest, logOutput: true)))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider([.. DefaultConfig.Instance.GetColumnProviders()])
            .AddAnalyser([.. DefaultConfig.Instance.GetAnalysers()])
            .AddValidator([.. DefaultConfig.Instance.GetValidators()])
            .AddLogger(log)
            .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "BenchmarkDotNet.Artifacts"));
        return globs.Length == 0 ? config : config.AddFilter(new GlobFilter(globs));
    }

    private static string Name(BenchmarkReport report) =>
        $"{report.BenchmarkCase.Descriptor.Type.Name}.{report.BenchmarkCase.Descriptor.WorkloadMethod.Name}";

    private static IReadOnlyDictionary<string, double> Figures(BenchmarkReport report) => new Dictionary<string, double>
    {
        ["meanNs"] = Math.Round(report.ResultStatistics!.Mean, 2),
        ["errorNs"] = Math.Round(report.ResultStatistics.StandardError, 2),
        ["allocatedBytes"] = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0,
    };
}
