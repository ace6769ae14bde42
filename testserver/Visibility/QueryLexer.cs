using System.Text;
using Nstance.Temporal.TestServer.Values;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>Cuts a query into tokens.</summary>
internal static class QueryLexer
{
    private static readonly string[] LongSymbols = ["!=", "<>", "<=", ">="];

    /// <exception cref="InvalidInputException">A character that no query has, or a quote without its end.</exception>
    public static List<QueryToken> Read(string query)
    {
        var tokens = new List<QueryToken>();
        var at = 0;
        while (true)
        {
            while (at < query.Length && char.IsWhiteSpace(query[at]))
            {
                at++;
            }

            if (at == query.Length)
            {
                tokens.Add(new(TokenKind.End, "", at));
                return tokens;
            }

            tokens.Add(Next(query, ref at));
        }
    }

    private static QueryToken Next(string query, ref int at)
    {
        var start = at;
        var first = query[at];
        if (first is '\'' or '"' or '`')
        {
            var text = Quoted(query, ref at);
            return first == '`' ? new(TokenKind.Name, text, start, Quoted: true) : new(TokenKind.Text, text, start);
        }

        if (StartsNumber(query, at))
        {
            at++;
            while (at < query.Length && (char.IsAsciiLetterOrDigit(query[at]) || query[at] is '.'
                || query[at] is '-' or '+' && query[at - 1] is 'e' or 'E'))
            {
                at++;
            }

            return new(TokenKind.Number, query[start..at], start);
        }

        if (char.IsLetter(first) || first is '_' or '$')
        {
            while (at < query.Length && (char.IsLetterOrDigit(query[at]) || query[at] is '_' or '$' or '.'))
            {
                at++;
            }

            return new(TokenKind.Name, query[start..at], start);
        }

        var symbol = LongSymbols.FirstOrDefault(s => string.CompareOrdinal(query, start, s, 0, 2) == 0)
            ?? (first is '=' or '<' or '>' or '(' or ')' or ',' or '*'
                ? first.ToString()
                : throw new InvalidInputException(
                    $"invalid query: syntax error at position {at + 1} near '{first}'"));
        at += symbol.Length;
        return new(TokenKind.Symbol, symbol, start);
    }

    private static bool StartsNumber(string query, int at) =>
        char.IsAsciiDigit(query[at])
        || query[at] is '-' or '+' or '.' && at + 1 < query.Length && char.IsAsciiDigit(query[at + 1]);

    // A quote inside is doubled or has a backslash before it, as in MySQL.
    private static string Quoted(string query, ref int at)
    {
        var quote = query[at];
        var start = at++;
        var text = new StringBuilder();
        while (at < query.Length)
        {
            var c = query[at++];
            if (c == '\\' && quote != '`' && at < query.Length)
            {
                text.Append(query[at++] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
            }
            else if (c != quote)
            {
                text.Append(c);
            }
            else if (at < query.Length && query[at] == quote)
            {
                text.Append(quote);
                at++;
            }
            else
            {
                return text.ToString();
            }
        }

        throw new InvalidInputException($"invalid query: unterminated quote at position {start + 1}");
    }
}
