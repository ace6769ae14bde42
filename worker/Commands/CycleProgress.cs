using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// The progress of a cycle while the user waits for its report: on stderr, so that stdout holds the report alone. On a
/// terminal it is one line that is rewritten; else a line for each phase.
/// </summary>
internal sealed class CycleProgress(Collector collector, int? expected, Screen screen)
{
    private const int Width = 20;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

    private static readonly string[] Phases = ["AcquireShard", "SyncProvider", "Collect", "ScanHealth", "PurgeRecords"];

    private string? _shown;

    /// <summary>Shows progress until <paramref name="run"/> ends.</summary>
    public async Task<T> DuringAsync<T>(Func<Task<T>> run, CancellationToken cancellationToken)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchAsync(watching.Token);
        try
        {
            return await run();
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
        }
    }

    /// <summary>Shows progress until it is cancelled. Never fails: progress is a courtesy.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            do
            {
                await ShowAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The report says what matters.
        }
        finally
        {
            if (screen.ErrorIsTerminal) Draw("", "");
        }
    }

    /// <summary>Returns the line: a bar by phases, and within the sync by what the last sync listed.</summary>
    public static string Line(string phase, PhaseProgress? progress, int? expected, int attempt)
    {
        var within = progress?.Listed is { } listed && expected is > 0
            ? Math.Min(1.0, (double)listed / expected.Value)
            : 0;
        var full = (int)((Array.IndexOf(Phases, phase) + within) * Width / Phases.Length);
        var bar = new string('#', full).PadRight(Width, '.');
        var counts = progress switch
        {
            { Listed: { } some } => expected is > 0 ? $"{some} of about {expected} listed" : $"{some} listed",
            { Collected: { } c } => $"{c.Counts.Sum(reason => reason.Terminated)} terminated",
            { Purged: { } p } => $"{p.Purged} purged",
            _ => progress?.Doing ?? "",
        };
        return $"[{bar}] {phase}{(attempt > 1 ? $" (attempt {attempt})" : "")} {counts}".TrimEnd();
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        var client = collector.Client;
        var found = await client.WorkflowService.DescribeWorkflowExecutionAsync(
            new() { Namespace = client.Options.Namespace, Execution = new() { WorkflowId = collector.WorkflowId } },
            new() { CancellationToken = cancellationToken });
        var activity = found.PendingActivities.FirstOrDefault(a => Phases.Contains(a.ActivityType.Name));
        if (activity is null) return;
        var phase = activity.ActivityType.Name;
        var progress = activity.HeartbeatDetails?.Payloads_ is [var payload, ..]
            ? await client.Options.DataConverter.ToValueAsync<PhaseProgress>(payload)
            : null;
        Draw(phase, Line(phase, progress, expected, activity.Attempt));
    }

    private void Draw(string phase, string line)
    {
        if (screen.ErrorIsTerminal) screen.Error.Write($"\r{line}\u001b[K");
        else if (_shown != phase) screen.Error.WriteLine(line);
        _shown = phase;
    }
}
