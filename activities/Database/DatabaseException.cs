namespace Nstance.Temporal.Activities.Database;

/// <summary>Why a database cannot be used; decides who can help.</summary>
internal enum DatabaseFault
{
    /// <summary>No file where one was configured.</summary>
    Missing,

    /// <summary>
    /// Not nstance's database, of another shard, or of another version of the collector. Never touched.
    /// </summary>
    OtherKind,

    /// <summary>May not be written.</summary>
    ReadOnly,

    /// <summary>Another process held the write lock for the whole busy timeout; a retry later may help.</summary>
    Busy,

    /// <summary>It is damaged, or no SQLite database. The next acquire replaces a file of our own.</summary>
    Damaged,

    /// <summary>Full disk, input/output error.</summary>
    Broken,

    /// <summary>nstance reset the agents' reports: only the next sync can say what they are worth.</summary>
    Reset,
}

/// <summary>
/// The shard's database cannot be used. The message is one line: what happened, to which file, what to do.
/// </summary>
internal sealed class DatabaseException(DatabaseFault fault, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public DatabaseFault Fault { get; } = fault;
}
