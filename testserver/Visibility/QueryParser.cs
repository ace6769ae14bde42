using Nstance.Temporal.TestServer.Values;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>Parses what users write after WHERE: precedence NOT, AND, OR; then GROUP BY, then ORDER BY.</summary>
internal sealed class QueryParser
{
    // Deeper than any hand writes; beyond it the parser's own stack would be at stake.
    private const int MaxDepth = 200;

    private readonly List<QueryToken> _tokens;
    private int _at;
    private int _depth;

    private QueryParser(string query) => _tokens = QueryLexer.Read(query);

    private QueryToken Current => _tokens[_at];

    /// <exception cref="InvalidInputException">The query is invalid; the message names position and fault.</exception>
    public static ParsedQuery Parse(string query) => new QueryParser(query).Query();

    /// <summary>Names of the attributes that the condition of a query uses.</summary>
    public static IEnumerable<string> Attributes(string query) =>
        Parse(query).Where is { } where ? Attributes(where) : [];

    private static IEnumerable<string> Attributes(QueryExpression expression) => expression switch
    {
        AndExpression and => Attributes(and.Left).Concat(Attributes(and.Right)),
        OrExpression or => Attributes(or.Left).Concat(Attributes(or.Right)),
        NotExpression not => Attributes(not.Inner),
        CompareExpression compare => [compare.Attribute],
        InExpression @in => [@in.Attribute],
        BetweenExpression between => [between.Attribute],
        IsNullExpression isNull => [isNull.Attribute],
        _ => [],
    };

    private ParsedQuery Query()
    {
        var bare = Current.Kind == TokenKind.End || Current.Is("ORDER") || Current.Is("GROUP");
        var where = bare ? null : Or();
        var groups = new List<string>();
        if (Accept("GROUP"))
        {
            Expect("BY");
            do
            {
                groups.Add(Attribute());
            }
            while (Accept(","));
        }

        var order = new List<OrderTerm>();
        if (Accept("ORDER"))
        {
            Expect("BY");
            do
            {
                var attribute = Attribute();
                var descending = Accept("DESC");
                _ = descending || Accept("ASC");
                order.Add(new(attribute, descending));
            }
            while (Accept(","));
        }

        return Current.Kind == TokenKind.End ? new(where, order, groups) : throw Fault();
    }

    private QueryExpression Or()
    {
        var left = And();
        while (Accept("OR"))
        {
            left = new OrExpression(left, And());
        }

        return left;
    }

    private QueryExpression And()
    {
        var left = Not();
        while (Accept("AND"))
        {
            left = new AndExpression(left, Not());
        }

        return left;
    }

    private QueryExpression Not()
    {
        if (++_depth > MaxDepth)
        {
            throw new InvalidInputException($"invalid query: nested deeper than {MaxDepth}");
        }

        try
        {
            if (Accept("NOT"))
            {
                return new NotExpression(Not());
            }

            if (!Accept("("))
            {
                return Condition();
            }

            var inner = Or();
            Expect(")");
            return inner;
        }
        finally
        {
            _depth--;
        }
    }

    private QueryExpression Condition()
    {
        var attribute = Attribute();
        if (Accept("IS"))
        {
            var negated = Accept("NOT");
            Expect("NULL");
            return new IsNullExpression(attribute, negated);
        }

        if (Accept("NOT"))
        {
            return Word(attribute, negated: true) ?? throw Fault();
        }

        return Word(attribute, negated: false)
            ?? new CompareExpression(attribute, Operator() ?? throw Fault(), Value());
    }

    private QueryExpression? Word(string attribute, bool negated)
    {
        if (Accept("IN"))
        {
            return new InExpression(attribute, List(), negated);
        }

        if (Accept("BETWEEN"))
        {
            var low = Value();
            Expect("AND");
            return new BetweenExpression(attribute, low, Value(), negated);
        }

        return Accept("STARTS_WITH")
            ? new CompareExpression(attribute, negated ? Comparison.NotStartsWith : Comparison.StartsWith, Value())
            : null;
    }

    private List<Literal> List()
    {
        Expect("(");
        var values = new List<Literal>();
        do
        {
            values.Add(Value());
        }
        while (Accept(","));
        Expect(")");
        return values;
    }

    private Comparison? Operator()
    {
        Comparison? found = Current.Kind != TokenKind.Symbol ? null : Current.Text switch
        {
            "=" => Comparison.Equal,
            "!=" or "<>" => Comparison.NotEqual,
            "<" => Comparison.Less,
            "<=" => Comparison.LessOrEqual,
            ">" => Comparison.Greater,
            ">=" => Comparison.GreaterOrEqual,
            _ => null,
        };
        _at += found is null ? 0 : 1;
        return found;
    }

    private string Attribute()
    {
        var token = Current;
        if (token.Kind is TokenKind.Text or TokenKind.Number)
        {
            throw new InvalidInputException(
                $"invalid query: left side at position {token.Position + 1} "
                + $"must be an attribute name, not '{token.Text}'");
        }

        if (token.Kind != TokenKind.Name)
        {
            throw Fault();
        }

        _at++;
        return token.Text;
    }

    private Literal Value()
    {
        var token = Current;
        LiteralKind? kind = token.Kind switch
        {
            TokenKind.Text => LiteralKind.Text,
            TokenKind.Number => LiteralKind.Number,
            TokenKind.Name when token.Is("true") || token.Is("false") => LiteralKind.Bool,
            TokenKind.Name => throw new InvalidInputException(
                $"invalid query: value expected at position {token.Position + 1}, found the name '{token.Text}' "
                + "(text needs quotes)"),
            _ => null,
        };
        var value = new Literal(kind ?? throw Fault(), token.Text);
        _at++;
        return value;
    }

    private bool Accept(string word)
    {
        if (!Current.Is(word))
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(string word)
    {
        if (!Accept(word))
        {
            throw Fault();
        }
    }

    private InvalidInputException Fault() => Current.Kind == TokenKind.End
        ? new("invalid query: syntax error at the end of the query")
        : new($"invalid query: syntax error at position {Current.Position + 1} near '{Current.Text}'");
}
