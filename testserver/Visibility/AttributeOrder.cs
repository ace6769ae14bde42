using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>How two values of one attribute compare.</summary>
internal static class AttributeOrder
{
    private static readonly char[] WordEnds =
        [' ', '\t', '\n', '\r', ',', '.', ';', ':', '!', '?', '/', '-', '_', '(', ')'];

    /// <summary>A keyword list equals any value that it contains; a text equals any words that it shares.</summary>
    public static bool IsEqual(IndexedValueType type, object actual, object expected) => type switch
    {
        IndexedValueType.KeywordList =>
            ((IEnumerable<string>)actual).Contains((string)expected, StringComparer.Ordinal),
        IndexedValueType.Text => Words(actual).Overlaps(Words(expected)),
        _ => Compare(actual, expected) == 0,
    };

    public static int Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => string.CompareOrdinal(a, b),
        (long a, long b) => a.CompareTo(b),
        (double a, double b) => a.CompareTo(b),
        (bool a, bool b) => a.CompareTo(b),
        (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
        _ => throw new InvalidOperationException($"{left.GetType().Name} and {right.GetType().Name} do not compare"),
    };

    private static HashSet<string> Words(object text) =>
        ((string)text)
            .Split(WordEnds, StringSplitOptions.RemoveEmptyEntries)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
}
