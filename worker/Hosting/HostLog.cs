using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The log of <c>run</c>: on stderr, because stdout is for results.</summary>
internal static class HostLog
{
    /// <summary>Adds the log.</summary>
    /// <param name="logging">Where to.</param>
    /// <param name="format"><c>text</c> or <c>json</c>.</param>
    /// <param name="verbose">True: debug for our own categories.</param>
    /// <param name="configuration">Its section <c>Logging</c>, if there is one, wins over our levels.</param>
    public static void Configure(ILoggingBuilder logging, string format, bool verbose, IConfiguration configuration)
    {
        logging.SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Temporalio", LogLevel.Warning)
            // Our workflows' own words: the SDK names their logger.
            .AddFilter("Temporalio.Workflow", verbose ? LogLevel.Debug : LogLevel.Information)
            .AddFilter("Nstance", verbose ? LogLevel.Debug : LogLevel.Information)
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
