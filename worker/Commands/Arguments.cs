using System.CommandLine;
using System.Globalization;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>Options that are no settings, read with the same rules and messages.</summary>
internal static class Arguments
{
    public static TimeSpan Duration(Option<string> option, Invocation invocation)
    {
        var text = invocation.Parsed.GetValue(option) ?? "";
        return DurationText.TryParse(text, out var time) && time > TimeSpan.Zero
            ? time
            : throw new CommandException(ExitCode.BadInput, $"{option.Name}: \"{text}\" is not {DurationText.Allowed}");
    }

    /// <summary>A moment ahead: RFC 3339, or a time from now.</summary>
    public static DateTimeOffset? Moment(Option<string?> option, Invocation invocation, TimeProvider clock)
    {
        if (invocation.Parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        if (DurationText.TryParse(text, out var time) && time > TimeSpan.Zero)
        {
            return clock.GetUtcNow() + time;
        }

        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : throw new CommandException(
                ExitCode.BadInput, $"{option.Name}: \"{text}\" is not a time from now (2h) or a moment (2026-11-24T18:00:00Z)");
    }
}
