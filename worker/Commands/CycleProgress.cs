using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Worker.Output;
using Temporalio.Api.Workflow.V1;
using Temporalio.Client;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// What a cycle is doing while somebody waits for its report: on stderr, so that stdout holds the report alone. On a terminal one line
/// that is written anew; else a line for each phase.
/// </summary>
internal sealed class CycleProgress(TemporalClient client, string workflowId, int? expected, Screen screen)
{
    private const int Width = 20;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

    private static readonly string[] Phases = ["AcquireShard", "SyncProvider", "Collect", "ScanHealth", "PurgeRecords"];

    private string? _shown;

    /// <summary>Looks until it is cancelled. Never fails: progress is a courtesy.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            do
            {
                var found = await client.WorkflowService.DescribeWorkflowExecutionAsync(
                    new() { Namespace = client.Options.Namespace, Execution = new() { WorkflowId = workflowId } },
                    new() { CancellationToken = cancellationToken });
                if (found.PendingActivities.FirstOrDefault(a => Phases.Contains(a.ActivityType.Name)) is { } activity)
                    await ShowAsync(activity);
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

    /// <summary>The line: a bar by phases, and within the sync by what was listed the last time.</summary>
    public static string Line(string phase, PhaseProgress? progress, int? expected, int attempt)
    {
        var at = Array.IndexOf(Phases, phase);
        var within = progress?.Listed is { } listed && expected is > 0 ? Math.Min(1.0, (double)listed / expected.Value) : 0;
        var full = (int)((at + within) * Width / Phases.Length);
        var counts = progress switch
        {
            { Listed: { } some } => expected is > 0 ? $"{some} of about {expected} listed" : $"{some} listed",
            { Collected: { } c } => $"{c.Counts.Sum(reason => reason.Terminated)} terminated",
            { Purged: { } p } => $"{p.Purged} purged",
            _ => progress?.Doing ?? "",
        };
        return $"[{new string('#', full)}{new string('.', Width - full)}] {phase}{(attempt > 1 ? $" (attempt {attempt})" : "")} {counts}".TrimEnd();
    }

    private async Task ShowAsync(PendingActivityInfo activity)
    {
        var phase = activity.ActivityType.Name;
        var progress = activity.HeartbeatDetails?.Payloads_ is [var payload, ..]
            ? await DataConverter.Default.ToValueAsync<PhaseProgress>(payload)
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
