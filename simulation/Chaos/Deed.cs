namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What happens at a moment of a story, or for a while.</summary>
internal enum Deed
{
    /// <summary>nstance makes an instance; <see cref="StoryEvent.Lot"/> says what becomes of it.</summary>
    Launch,

    /// <summary>Its agent stops reporting; after <see cref="StoryEvent.For"/> it reports again (zero: never).</summary>
    Silence,

    /// <summary>Somebody stops the machine at the cloud; after <see cref="StoryEvent.For"/> starts it again (zero: never).</summary>
    Stop,

    /// <summary>Somebody else ends the machine.</summary>
    Vanish,

    /// <summary>Termination protection is switched on at the cloud.</summary>
    ApiProtect,

    /// <summary>The tag nstance:gc-protect is set; <see cref="StoryEvent.For"/> zero: without end.</summary>
    TagProtect,

    /// <summary>nstance's server begins to delete it: the record says so, and nothing more happens.</summary>
    ServerDelete,

    /// <summary>nstance's server deletes it in full: machine, record, and its row is marked. Fleets shrink so.</summary>
    Retire,

    /// <summary>nstance's server checks the member, and its own collector runs a cycle.</summary>
    NstanceCollects,

    /// <summary>nstance scales its groups; <see cref="StoryEvent.After"/>: the member's group shrinks by one.</summary>
    NstanceScales,

    /// <summary>Its record is overwritten with what is no record.</summary>
    RotRecord,

    /// <summary>Its row's provider_state is overwritten with what is no JSON.</summary>
    RotRow,

    /// <summary>An object that is no record appears beside the records.</summary>
    StrangeObject,

    // Faults, each for a while.
    Throttle,
    CloudError,
    CloudDenied,
    CutListing,
    ShortListing,
    Lag,
    RefusedEnd,
    LeftOutEnd,
    BucketError,
    BucketRefusesDelete,
    BucketRefusesWrite,
    SinkDown,
    DiskFull,

    /// <summary>The server's clock is hours ahead: so are its agents' reports.</summary>
    ServerClockAhead,

    /// <summary>Another process holds the database's write lock throughout one attempt.</summary>
    DatabaseBusy,

    /// <summary>The host dies at a call of a phase, before or after the call took effect, and starts again.</summary>
    Crash,

    /// <summary>The host dies likewise, and another takes over.</summary>
    HostLost,

    /// <summary>
    /// The host is cut off at a call and taken for lost; others go on. Later, when they ended what they had to, it goes on too,
    /// with what it knew.
    /// </summary>
    Zombie,

    /// <summary>Time passes within a call: the world moves on between a listing and the look that follows it.</summary>
    SlowCall,

    /// <summary>The database's file is deleted between two cycles.</summary>
    DeleteDatabase,

    // Operators.
    Enforce,
    DryRun,
    Pause,
    Hold,
    Window,
    Limits,
    Approve,
    Reject,
    Timeout,
    BreakConfig,
}
