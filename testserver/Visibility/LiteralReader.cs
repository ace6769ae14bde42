using System.Globalization;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>Turns a literal into a value of its attribute's type.</summary>
internal static class LiteralReader
{
    private static readonly string[] StatusNames =
        [.. Enum.GetValues<WorkflowExecutionStatus>()
            .Where(s => s != WorkflowExecutionStatus.Unspecified)
            .Select(s => s.ToString())];

    /// <exception cref="InvalidInputException">The literal is not a value of that type.</exception>
    public static object Read(string attribute, IndexedValueType type, Literal literal) => attribute switch
    {
        "ExecutionStatus" => Status(literal),
        "ExecutionDuration" => Nanoseconds(literal),
        _ => Typed(type, literal) ?? throw Invalid(attribute, type, literal),
    };

    private static object? Typed(IndexedValueType type, Literal literal) => type switch
    {
        IndexedValueType.Keyword or IndexedValueType.KeywordList or IndexedValueType.Text =>
            literal.Kind == LiteralKind.Text ? literal.Text : null,
        IndexedValueType.Int => Long(literal.Text),
        IndexedValueType.Double => Double(literal.Text),
        IndexedValueType.Bool => bool.TryParse(literal.Text, out var flag) ? flag : null,
        IndexedValueType.Datetime => Time(literal),
        _ => null,
    };

    private static long? Long(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static double? Double(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    // A bare number is nanoseconds since 1970, as the real server reads it.
    private static object? Time(Literal literal) => literal.Kind switch
    {
        LiteralKind.Text => TimeText.TryParse(literal.Text, out var time) ? time : null,
        LiteralKind.Number when Long(literal.Text) is long nanoseconds =>
            DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick),
        _ => null,
    };

    private static string Status(Literal literal)
    {
        if (literal.Kind == LiteralKind.Number
            && int.TryParse(literal.Text, CultureInfo.InvariantCulture, out var number)
            && number > 0 && Enum.IsDefined((WorkflowExecutionStatus)number))
        {
            return ((WorkflowExecutionStatus)number).ToString();
        }

        const string Prefix = "WORKFLOW_EXECUTION_STATUS_";
        var name = literal.Text.StartsWith(Prefix, StringComparison.Ordinal)
            ? literal.Text[Prefix.Length..].Replace("_", "", StringComparison.Ordinal)
            : literal.Text;
        return StatusNames.FirstOrDefault(s => string.Equals(s, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new InvalidInputException($"invalid query: invalid ExecutionStatus value {literal}");
    }

    // Nanoseconds, 1h30m, or hours:minutes:seconds.
    private static long Nanoseconds(Literal literal)
    {
        if (Long(literal.Text) is long nanoseconds)
        {
            return nanoseconds;
        }

        if (literal.Kind == LiteralKind.Text
            && (DurationText.TryParse(literal.Text, out var duration) || Clock(literal.Text, out duration)))
        {
            return (long)Math.Min((decimal)duration.Ticks * TimeSpan.NanosecondsPerTick, long.MaxValue);
        }

        throw new InvalidInputException(
            $"invalid query: invalid value for search attribute ExecutionDuration: {literal}");
    }

    private static bool Clock(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var parts = text.Split(':');
        if (parts.Length != 3
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || minutes > 59 || seconds > 59 || hours > 1_000_000)
        {
            return false;
        }

        duration = new TimeSpan(hours, minutes, seconds);
        return true;
    }

    private static InvalidInputException Invalid(string attribute, IndexedValueType type, Literal literal) =>
        new($"invalid query: invalid value for search attribute {attribute} of type {type}: {literal}");
}
