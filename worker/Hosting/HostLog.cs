using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

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
