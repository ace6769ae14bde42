using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>
/// Binds a parsed query to the attributes of a namespace. Conditions have three values, as in SQL: a comparison with an
/// attribute that is not set is neither true nor false, and so is its negation.
/// </summary>
internal sealed class QueryCompiler(Func<string, IndexedValueType?> typeOf, Func<string, string> unknownMessage)
{
    public Func<IVisibleExecution, bool?> Compile(QueryExpression expression) => expression switch
    {
        AndExpression and => And(Compile(and.Left), Compile(and.Right)),
        OrExpression or => Or(Compile(or.Left), Compile(or.Right)),
        NotExpression not => Not(Compile(not.Inner)),
        CompareExpression compare => Compare(compare),
        InExpression @in => In(@in),
        BetweenExpression between => Between(between),
        IsNullExpression isNull => IsNull(isNull),
        _ => throw new InvalidOperationException($"unknown expression {expression.GetType().Name}"),
    };

    /// <summary>
    /// The attribute's full name and type; the server's own may be written without <c>Temporal</c> before them.
    /// </summary>
    public (string Name, IndexedValueType Type) Resolve(string attribute)
    {
        if (typeOf(attribute) is { } type)
        {
            return (attribute, type);
        }

        var full = "Temporal" + attribute;
        return typeOf(full) is { } fullType
            ? (full, fullType)
            : throw new InvalidInputException($"invalid query: {unknownMessage(attribute)}");
    }

    private static Func<IVisibleExecution, bool?> And(
        Func<IVisibleExecution, bool?> left, Func<IVisibleExecution, bool?> right) =>
        e => left(e) switch
        {
            false => false,
            true => right(e),
            null => right(e) == false ? false : null,
        };

    private static Func<IVisibleExecution, bool?> Or(
        Func<IVisibleExecution, bool?> left, Func<IVisibleExecution, bool?> right) =>
        e => left(e) switch
        {
            true => true,
            false => right(e),
            null => right(e) == true ? true : null,
        };

    private static Func<IVisibleExecution, bool?> Not(Func<IVisibleExecution, bool?> inner) => e => !inner(e);

    private Func<IVisibleExecution, bool?> Compare(CompareExpression compare)
    {
        var (name, type) = Resolve(compare.Attribute);
        RequireSupported(name, type, compare.Operator);
        var expected = LiteralReader.Read(name, type, compare.Value);
        return compare.Operator switch
        {
            Comparison.Equal => Known(name, actual => AttributeOrder.IsEqual(type, actual, expected)),
            Comparison.NotEqual => Known(name, actual => !AttributeOrder.IsEqual(type, actual, expected)),
            Comparison.Less => Known(name, actual => AttributeOrder.Compare(actual, expected) < 0),
            Comparison.LessOrEqual => Known(name, actual => AttributeOrder.Compare(actual, expected) <= 0),
            Comparison.Greater => Known(name, actual => AttributeOrder.Compare(actual, expected) > 0),
            Comparison.GreaterOrEqual => Known(name, actual => AttributeOrder.Compare(actual, expected) >= 0),
            Comparison.StartsWith => Known(name, actual => StartsWith(actual, expected)),
            _ => Known(name, actual => !StartsWith(actual, expected)),
        };
    }

    private Func<IVisibleExecution, bool?> In(InExpression @in)
    {
        var (name, type) = Resolve(@in.Attribute);
        if (type == IndexedValueType.Text)
        {
            throw Unsupported(@in.Negated ? "NOT IN" : "IN", name, type);
        }

        var expected = @in.Values.Select(value => LiteralReader.Read(name, type, value)).ToArray();
        return Known(name, actual => expected.Any(e => AttributeOrder.IsEqual(type, actual, e)) != @in.Negated);
    }

    private Func<IVisibleExecution, bool?> Between(BetweenExpression between)
    {
        var (name, type) = Resolve(between.Attribute);
        if (!IsOrdered(type))
        {
            throw Unsupported(between.Negated ? "NOT BETWEEN" : "BETWEEN", name, type);
        }

        var low = LiteralReader.Read(name, type, between.Low);
        var high = LiteralReader.Read(name, type, between.High);
        return Known(name, actual =>
            (AttributeOrder.Compare(actual, low) >= 0 && AttributeOrder.Compare(actual, high) <= 0) != between.Negated);
    }

    private Func<IVisibleExecution, bool?> IsNull(IsNullExpression isNull)
    {
        var (name, _) = Resolve(isNull.Attribute);
        return e => e.Value(name) is null != isNull.Negated;
    }

    private static Func<IVisibleExecution, bool?> Known(string name, Func<object, bool> condition) =>
        e => e.Value(name) is { } actual ? condition(actual) : null;

    private static bool StartsWith(object actual, object expected) =>
        ((string)actual).StartsWith((string)expected, StringComparison.Ordinal);

    private static bool IsOrdered(IndexedValueType type) => type
        is IndexedValueType.Keyword or IndexedValueType.Int or IndexedValueType.Double or IndexedValueType.Datetime;

    private static void RequireSupported(string name, IndexedValueType type, Comparison comparison)
    {
        var supported = comparison switch
        {
            Comparison.Equal or Comparison.NotEqual => true,
            Comparison.StartsWith or Comparison.NotStartsWith => type == IndexedValueType.Keyword,
            _ => IsOrdered(type),
        };
        if (!supported)
        {
            throw Unsupported(Symbol(comparison), name, type);
        }
    }

    private static string Symbol(Comparison comparison) => comparison switch
    {
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        Comparison.StartsWith => "STARTS_WITH",
        _ => "NOT STARTS_WITH",
    };

    private static InvalidInputException Unsupported(string operation, string name, IndexedValueType type) =>
        new($"invalid query: operator {operation} is not supported for search attribute {name} of type {type}");
}
