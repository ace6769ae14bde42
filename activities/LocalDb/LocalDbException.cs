namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>Why a database cannot be used; decides who can help.</summary>
internal enum LocalDbFault
{
    /// <summary>No file where one was configured.</summary>
    Missing,

    /// <summary>Not nstance's database, of another shard, or of a newer collector. Never touched.</summary>
    OtherKind,

    /// <summary>May not be written.</summary>
    ReadOnly,

    /// <summary>Another process held the write lock for the whole busy timeout; trying again later may help.</summary>
    Busy,

    /// <summary>Broken file, full disk, input/output error.</summary>
    Broken,
}

/// <summary>The shard's database cannot be used. The message is one line: what, where, what to do.</summary>
internal sealed class LocalDbException(LocalDbFault fault, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public LocalDbFault Fault { get; } = fault;
}
