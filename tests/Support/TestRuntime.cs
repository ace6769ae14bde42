using Microsoft.Extensions.Logging;
using Temporalio.Runtime;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// The SDK's runtime for tests. It logs what the default one logs, except late answers of workers: tests end runs while
/// a worker is busy with them, and the server then refuses its answer.
/// </summary>
internal static class TestRuntime
{
    public static TemporalRuntime Shared { get; } = new(new()
    {
        Telemetry = new() { Logging = new() { Filter = new(), Forwarding = new(new LateAnswersDropped()) } },
    });

    private sealed class LateAnswersDropped : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            if (!text.Contains("Task not found when completing", StringComparison.Ordinal))
                Console.Error.WriteLine($"sdk {logLevel}: {text}");
        }
    }
}
