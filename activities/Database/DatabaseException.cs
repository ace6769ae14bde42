namespace Nstance.Temporal.Activities.Database;

/// <summary>Why a database cannot be used.</summary>
internal enum DatabaseFault
{
    /// <summary>No file where one was configured.</summary>
    Missing,

    /// <summary>Not nstance's database, or another shard's, or another version's. Never changed.</summary>
    OtherKind,

    /// <summary>May not be written.</summary>
    ReadOnly,

    /// <summary>Another process held the write lock for the whole timeout; a retry may help.</summary>
    Busy,

    /// <summary>Damaged, or not an SQLite database. The next acquire replaces a file of our own.</summary>
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
