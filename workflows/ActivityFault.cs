using System.Globalization;
using Temporalio.Api.Enums.V1;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Workflows;

/// <summary>What a failed activity means to the workflow that called it.</summary>
/// <param name="HostLost">The host is gone or no longer has the shard: another must be found.</param>
/// <param name="Why">One sentence, cut to a length that a report can hold.</param>
internal sealed record ActivityFault(bool HostLost, string Why)
{
    /// <summary>True: no host took the shard, because nstance has no leader.</summary>
    public bool NoLeader { get; init; }

    public const int MaxSentence = 300;

    public static ActivityFault Of(Exception failure)
    {
        // The activity's own failure stands inside; the outer one only says that an activity failed.
        var cause = failure is ActivityFailureException { InnerException: { } inner } ? inner : failure;
        return cause switch
        {
            TimeoutFailureException { TimeoutType: TimeoutType.ScheduleToStart } =>
                new(true, "no worker took the work in time"),
            TimeoutFailureException { TimeoutType: TimeoutType.Heartbeat } =>
                new(true, "no sign of life during the work"),
            // The retry of an attempt whose worker died ends by the overall timeout when the host's own is longer.
            TimeoutFailureException
            {
                InnerException: TimeoutFailureException { TimeoutType: TimeoutType.Heartbeat },
            } => new(true, "no sign of life during the work"),
            // The time ran out while an activity was retried: its last failure says why.
            TimeoutFailureException { InnerException: ApplicationFailureException last } => Of(last),
            TimeoutFailureException timeout => new(false, $"timed out ({timeout.TimeoutType})"),
            ApplicationFailureException { ErrorType: ErrorTypes.ShardNotHeld } gone => new(true, Cut(gone.Message)),
            ApplicationFailureException { ErrorType: { } type } =>
                new(false, Cut($"{type}: {cause.Message}")) { NoLeader = type == ErrorTypes.NoLeader },
            _ when TemporalException.IsCanceledException(failure) => new(false, "cancelled"),
            _ => new(false, Cut(cause.Message)),
        };
    }

    /// <summary>Returns one safe line of bounded length: a message from outside may hold anything.</summary>
    public static string Cut(string text)
    {
        var line = text.AsSpan(0, Math.Min(text.Length, MaxSentence)).ToArray();
        for (var i = 0; i < line.Length; i++) line[i] = IsDangerous(line[i]) ? '\uFFFD' : line[i];
        if (text.Length > line.Length) line[^1] = '…';
        return new(line);
    }

    // Line ends and escapes forge lines in a log; marks of direction turn what a person reads.
    private static bool IsDangerous(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format;
}
