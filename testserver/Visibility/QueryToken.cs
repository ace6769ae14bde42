namespace Nstance.Temporal.TestServer.Visibility;

internal enum TokenKind
{
    /// <summary>A bare word or a name in backquotes.</summary>
    Name,
    Text,
    Number,
    Symbol,
    End,
}

/// <summary>A piece of a query; <c>Quoted</c> tells a name in backquotes, which is never a keyword.</summary>
internal readonly record struct QueryToken(TokenKind Kind, string Text, int Position, bool Quoted = false)
{
    public bool Is(string keyword) =>
        !Quoted && Kind is (TokenKind.Name or TokenKind.Symbol)
        && string.Equals(Text, keyword, StringComparison.OrdinalIgnoreCase);
}
