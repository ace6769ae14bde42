using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>A query that is ready to be asked of executions.</summary>
internal sealed class VisibilityQuery
{
    // The real server's order when none is asked for: open ones first, then the last closed, then the last started.
    private static readonly OrderTerm[] DefaultOrder =
        [new("CloseTime", true), new("StartTime", true), new("RunId", false)];

    private readonly Func<IVisibleExecution, bool?>? _condition;

    private VisibilityQuery(
        Func<IVisibleExecution, bool?>? condition, IReadOnlyList<OrderTerm> order, bool groupsByStatus)
    {
        _condition = condition;
        Order = order;
        GroupsByStatus = groupsByStatus;
    }

    /// <summary>Always ends with the run id, so that no two executions are equal and pages are exact.</summary>
    public IReadOnlyList<OrderTerm> Order { get; }

    public bool GroupsByStatus { get; }

    /// <param name="query">What the user wrote; empty means all.</param>
    /// <param name="catalog">The namespace's attributes.</param>
    /// <param name="extra">Attributes that only this list has (a schedule's id).</param>
    /// <exception cref="InvalidInputException">The message names the fault.</exception>
    /// <param name="order">Order of the list; null for the usual one.</param>
    public static VisibilityQuery Compile(
        string query,
        SearchAttributeCatalog catalog,
        IReadOnlyDictionary<string, IndexedValueType>? extra = null,
        IReadOnlyList<OrderTerm>? order = null)
    {
        var parsed = QueryParser.Parse(query);
        var compiler = new QueryCompiler(
            name => extra is not null && extra.TryGetValue(name, out var type) ? type : catalog.TypeOf(name),
            catalog.UnknownMessage);
        // A real server on SQL refuses it; one on Elasticsearch still takes it, and will not for long.
        if (parsed.OrderBy.Count > 0)
        {
            throw new InvalidInputException("invalid query: operation is not supported: 'ORDER BY' clause");
        }

        if (parsed.GroupBy.Any(name => name != "ExecutionStatus") || parsed.GroupBy.Count > 1)
        {
            throw new InvalidInputException("invalid query: 'GROUP BY' clause is only supported for ExecutionStatus");
        }

        var condition = parsed.Where is null ? null : compiler.Compile(parsed.Where);
        return new(condition, OrderOf(order ?? []), parsed.GroupBy.Count > 0);
    }

    public bool Matches(IVisibleExecution execution) => _condition is null || _condition(execution) == true;

    /// <summary>
    /// Whether the value at a place of <see cref="Order"/> comes before another: none comes first when descending.
    /// </summary>
    public static int CompareKeys(OrderTerm term, object? left, object? right)
    {
        var ascending = (left, right) switch
        {
            (null, null) => 0,
            (null, _) => 1,
            (_, null) => -1,
            _ => AttributeOrder.Compare(left, right),
        };
        return term.Descending ? -ascending : ascending;
    }

    private static List<OrderTerm> OrderOf(IReadOnlyList<OrderTerm> asked) =>
        [.. asked, .. DefaultOrder.Where(term => asked.All(each => each.Attribute != term.Attribute))];
}
