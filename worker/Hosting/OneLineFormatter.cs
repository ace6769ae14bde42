using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// One entry, one line. The framework's own single-line form passes carriage returns and escapes: with them, a tag of a
/// machine could rewrite the line before.
/// </summary>
internal sealed class OneLineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "nstance-gc-text";

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (message is null && logEntry.Exception is null) return;
        var now = time.GetUtcNow().UtcDateTime;
        var source = $"{logEntry.Category}[{logEntry.EventId.Id}]";
        textWriter.Write(FormattableString.Invariant(
            $"{now:yyyy-MM-ddTHH:mm:ss.fff'Z'} {Level(logEntry.LogLevel)}: {source} "));
        textWriter.Write(Line(message ?? ""));
        if (logEntry.Exception is { } exception) textWriter.Write($" {Line(exception.ToString())}");
        textWriter.Write(Environment.NewLine);
    }

    // A stack has line ends of its own.
    private static string Line(string text) => OneLine.Of(text.ReplaceLineEndings(" "));

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
