using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Nstance.Temporal.TestServer.Values;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>
/// One page of the executions that a query finds. The token holds the sort keys of the last execution, not a position.
/// Runs that start or close between two pages therefore neither repeat nor hide others.
/// </summary>
internal static class VisibilityPage
{
    public const int DefaultSize = 1000;

    public static (List<T> Items, ByteString Next) Of<T>(
        IEnumerable<T> executions, VisibilityQuery query, int pageSize, ByteString token)
        where T : IVisibleExecution
    {
        var size = pageSize <= 0 ? DefaultSize : Math.Min(pageSize, DefaultSize);
        var after = token.IsEmpty ? null : ReadToken(token, query);
        var found = executions
            .Where(execution => query.Matches(execution))
            .Select(execution => (Execution: execution, Keys: Keys(execution, query)))
            .Where(item => after is null || Compare(query, item.Keys, after) > 0)
            .ToList();
        found.Sort((left, right) => Compare(query, left.Keys, right.Keys));
        var items = found.Take(size).ToList();
        return (
            [.. items.Select(item => item.Execution)],
            found.Count > size ? WriteToken(items[^1].Keys) : ByteString.Empty);
    }

    private static object?[] Keys(IVisibleExecution execution, VisibilityQuery query) =>
        [.. query.Order.Select(term => execution.Value(term.Attribute))];

    private static int Compare(VisibilityQuery query, object?[] left, object?[] right)
    {
        for (var i = 0; i < left.Length; i++)
        {
            var order = VisibilityQuery.CompareKeys(query.Order[i], left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    private static ByteString WriteToken(object?[] keys) => ByteString.CopyFromUtf8(JsonSerializer.Serialize(
        keys.Select(key => key switch
        {
            null => null,
            string text => "s" + text,
            long number => "l" + number.ToString(CultureInfo.InvariantCulture),
            double number => "d" + number.ToString("R", CultureInfo.InvariantCulture),
            bool flag => "b" + (flag ? "1" : "0"),
            DateTimeOffset time => "t" + time.UtcTicks.ToString(CultureInfo.InvariantCulture),
            _ => throw new InvalidOperationException($"no sort key: {key.GetType().Name}"),
        })));

    private static object?[] ReadToken(ByteString token, VisibilityQuery query)
    {
        try
        {
            var keys = JsonSerializer.Deserialize<string?[]>(token.Span)?.Select(ReadKey).ToArray();
            return keys?.Length == query.Order.Count ? keys : throw new FormatException();
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidInputException("invalid page token");
        }
    }

    private static object? ReadKey(string? text) => text switch
    {
        null => null,
        ['s', .. var rest] => rest,
        ['l', .. var rest] => long.Parse(rest, CultureInfo.InvariantCulture),
        ['d', .. var rest] => double.Parse(rest, CultureInfo.InvariantCulture),
        ['b', .. var rest] => rest == "1",
        ['t', .. var rest] => new DateTimeOffset(long.Parse(rest, CultureInfo.InvariantCulture), TimeSpan.Zero),
        _ => throw new FormatException(),
    };
}
