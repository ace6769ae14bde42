using Microsoft.Extensions.Logging.Abstractions;
using Temporalio.Runtime;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// The one Temporal runtime of the process (two would mean two thread pools), made before any client. The SDK's core
/// writes its log to stdout by default, which is ours for results: it goes to the host's log instead.
/// </summary>
internal static class ProcessRuntime
{
    private static readonly Forwarder Log = new();

    private static readonly Lazy<TemporalRuntime> Runtime = new(() => new(new()
    {
        Telemetry = new()
        {
            Metrics = new() { CustomMetricMeter = new TemporalMetrics() },
            Logging = new() { Filter = new(TelemetryFilterOptions.Level.Warn), Forwarding = new(Log) },
        },
    }));

    public static TemporalRuntime Instance => Runtime.Value;

    /// <summary>Sends the core's log to <paramref name="logger"/> from now on; before, it is dropped.</summary>
    public static void LogTo(ILogger logger) => Log.Target = logger;

    private sealed class Forwarder : ILogger
    {
        public ILogger Target { get; set; } = NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => Target.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => Target.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Target.Log(logLevel, eventId, state, exception, formatter);
    }
}
