using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The log of <c>run</c>: on stderr, because stdout is for results.</summary>
internal static class HostLog
{
    /// <summary>Adds the log. The section <c>Logging</c> of the configuration wins over these levels.</summary>
    public static void Configure(ILoggingBuilder logging, string format, bool verbose, IConfiguration configuration)
    {
        var own = verbose ? LogLevel.Debug : LogLevel.Information;
        logging.SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Temporalio", LogLevel.Warning)
            .AddFilter("Temporalio.Workflow", own) // our workflows: the SDK names their logger
            .AddFilter("Temporalio.Activity", own)

            // A host that cannot start logs the same stack three times; the command reports it in one line.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", verbose ? LogLevel.Warning : LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", verbose ? LogLevel.Warning : LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", verbose ? LogLevel.Warning : LogLevel.None)
            .AddFilter("Nstance", own)
            .AddConfiguration(configuration.GetSection("Logging"))
            .AddConsole(console =>
            {
                console.LogToStandardErrorThreshold = LogLevel.Trace;
                console.FormatterName = format == "json" ? ConsoleFormatterNames.Json : OneLineFormatter.FormatterName;
            });
        logging.Services.TryAddSingleton(TimeProvider.System);
        logging.Services.AddSingleton<ConsoleFormatter, OneLineFormatter>();
        logging.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            json.IncludeScopes = true;
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "O";
        });
    }
}

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
