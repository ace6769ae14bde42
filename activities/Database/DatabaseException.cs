namespace Nstance.Temporal.Activities.Database;

/// <summary>Why a database cannot be used.</summary>
internal enum DatabaseFault
{
    Unusable = 0, // missing, read-only, not nstance's, another shard's; or its disk failed; or nstance reset reports
    Busy, // another process held the write lock for the whole timeout; a retry may help
    Damaged, // or not an SQLite database; the next acquire replaces a file of our own
}

/// <summary>
/// The shard's database cannot be used. The message is one line: what happened, to which file, what to do.
/// </summary>
internal sealed class DatabaseException(
    string message, Exception? inner = null, DatabaseFault fault = DatabaseFault.Unusable) : Exception(message, inner)
{
    public DatabaseFault Fault { get; } = fault;
}
