namespace Nstance.Temporal.TestServer.Visibility;

internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    StartsWith,
    NotStartsWith,
}

/// <summary>
/// A query as it was written; literals are still text, for only the attribute's type says what they mean.
/// </summary>
internal abstract record QueryExpression;

internal sealed record AndExpression(QueryExpression Left, QueryExpression Right) : QueryExpression;

internal sealed record OrExpression(QueryExpression Left, QueryExpression Right) : QueryExpression;

internal sealed record NotExpression(QueryExpression Inner) : QueryExpression;

internal sealed record CompareExpression(string Attribute, Comparison Operator, Literal Value) : QueryExpression;

internal sealed record InExpression(string Attribute, IReadOnlyList<Literal> Values, bool Negated) : QueryExpression;

internal sealed record BetweenExpression(string Attribute, Literal Low, Literal High, bool Negated) : QueryExpression;

internal sealed record IsNullExpression(string Attribute, bool Negated) : QueryExpression;

internal enum LiteralKind
{
    Text,
    Number,
    Bool,
}

internal readonly record struct Literal(LiteralKind Kind, string Text)
{
    public override string ToString() => Kind == LiteralKind.Text ? $"\"{Text}\"" : Text;
}

internal readonly record struct OrderTerm(string Attribute, bool Descending);

internal sealed record ParsedQuery(
    QueryExpression? Where, IReadOnlyList<OrderTerm> OrderBy, IReadOnlyList<string> GroupBy);
