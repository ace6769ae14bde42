using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>The docs list each log event and each type of error of the program, and nothing else.</summary>
public sealed partial class ErrorDocsTests
{
    private static readonly Type[] Logs =
        [typeof(Workflows.Logs), typeof(Nstance.Temporal.Worker.Logs), typeof(Activities.Logs)];

    [Fact]
    public void LogEvents_Table_IsWhatTheProgramLogs()
    {
        var events = Logs.SelectMany(logs => logs.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(method => method.ReturnType == typeof(void)).SelectMany(Calls).Distinct().ToList();
        var logged = events.GroupBy(e => (e.Id, e.Message)).OrderBy(e => e.Key.Id).ToList();

        // An id belongs to one message.
        Assert.Distinct(logged.Select(e => e.Key.Id));
        Assert.Equal(
            logged.Select(e => (
                $"{e.Key.Id}",
                string.Join(" or ", e.Select(call => $"{call.Level}".ToLowerInvariant())),
                $"`{e.Key.Message}`")),
            Rows("operations.md", "log events").Select(row => (row[0], Level(row[1]), row[2])));
    }

    [Theory]
    [InlineData("error types", typeof(ErrorTypes))]
    [InlineData("cloud faults", typeof(CloudFault))]
    [InlineData("database faults", typeof(DatabaseFault))]
    public void Errors_Table_NamesEachOfTheProgramAndWhatToDo(string table, Type type)
    {
        var rows = Rows("operations.md", table);

        Assert.Equal(
            type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"`{field.Name}`"),
            rows.Select(row => row[0]));
        Assert.All(rows, row => Assert.All(row, Assert.NotEmpty));
    }

    [Fact]
    public void ExitCodes_Table_HasEachCodeOfTheProgram() => Assert.Equal(
        typeof(ExitCode).GetFields().Select(field => $"{field.GetRawConstantValue()}"),
        Rows("configuration.md", "exit codes").Select(row => row[0]));

    /// <summary>Logs an event, also after a cycle that failed.</summary>
    private static IEnumerable<(int Id, LogLevel Level, string Message)> Calls(MethodInfo method)
    {
        foreach (var outcome in (CycleOutcome[])[CycleOutcome.Completed, CycleOutcome.Failed])
        {
            var log = new EventLog();
            method.Invoke(null, [log, .. method.GetParameters().Skip(1).Select(p => Value(p.ParameterType, outcome))]);
            foreach (var logged in log.Events) yield return logged;
        }
    }

    private static object? Value(Type type, CycleOutcome outcome)
    {
        var shard = new ShardRef("c", "s", "b");
        var at = DateTimeOffset.UnixEpoch;
        return type == typeof(string) ? "x"
            : type == typeof(ShardRef) ? shard
            : type == typeof(CycleReport) ? new CycleReport(1, at) { Outcome = outcome, Problems = ["x"] }
            : type == typeof(Notification) ? new Notification(shard, "x", [], "x")
            : type == typeof(ReconcileEvent)
                ? new ReconcileEvent(ReconcileEventType.GroupChanged, "x", "x", null, at, false, "x")
            : type == typeof(PhaseInput) ? new PhaseInput(shard, at, new())
            : type == typeof(AuditEntry) ? new AuditEntry
            {
                Id = "x",
                At = at,
                Cluster = "c",
                Shard = "s",
                Instance = "x",
                Action = "x",
                Why = "x",
            }
            : Activator.CreateInstance(type);
    }

    /// <summary>The text of the level, without the condition.</summary>
    private static string Level(string cell) =>
        string.Join(" or ", Word().Matches(cell).Select(word => word.Value));

    private static List<string[]> Rows(string page, string name)
    {
        var text = File.ReadAllText(Repository.File($"docs/{page}"));
        var start = text.IndexOf($"<!-- {name} -->", StringComparison.Ordinal);
        var end = text.IndexOf($"<!-- end {name} -->", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start, name);
        return
        [
            .. text[start..end].Split('\n').Where(line => line.StartsWith('|')).Skip(2)
                .Select(line => line.Trim('|', ' ').Split(" | ")),
        ];
    }

    [GeneratedRegex("debug|information|warning|error")]
    private static partial Regex Word();

    private sealed class EventLog : ILogger
    {
        public List<(int Id, LogLevel Level, string Message)> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var values = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
            Events.Add((eventId.Id, logLevel, $"{values.Single(v => v.Key == "{OriginalFormat}").Value}"));
        }
    }
}
