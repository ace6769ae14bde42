namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>One execution (or schedule) as a query sees it.</summary>
internal interface IVisibleExecution
{
    /// <summary>
    /// The value of an attribute: string, list of strings, long, double, bool or <see cref="DateTimeOffset"/>, as its
    /// type says; <c>ExecutionStatus</c> is its short name and <c>ExecutionDuration</c> nanoseconds.
    /// Null when it has none.
    /// </summary>
    object? Value(string attribute);
}
