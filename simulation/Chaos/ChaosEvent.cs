namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What happens at a moment of a story, or for a while.</summary>
internal enum ChaosEvent
{
    // To one member.
    Launch, // nstance makes an instance; StoryEvent.Scenario says what happens to it
    SilenceAgent, // its agent stops reporting; after StoryEvent.For it reports again (zero: never)
    StopMachine, // at the cloud, by hand; after StoryEvent.For it is started again (zero: never)
    TerminateElsewhere, // its machine is terminated by another hand
    ProtectAtCloud, // termination protection is switched on
    ProtectByTag, // nstance:gc-protect is set; StoryEvent.For zero: without end
    BeginDelete, // nstance's server begins to delete it: the record says so, and nothing more happens
    Retire, // nstance's server deletes it in full: machine, record, and its row is marked
    NstanceCollects, // nstance's server checks the member, and its own collector runs a cycle
    NstanceScales, // nstance scales its groups; with StoryEvent.After the member's group shrinks by one
    CorruptRecord, // its record is overwritten with bytes that are no record
    FutureRow, // one time of its row (StoryEvent.Column) lies years ahead, for a while
    CorruptRow, // its row's provider_state is overwritten with bytes that are no JSON
    StrangeObject, // an object that is no record appears beside the records

    // Faults, each for a while.
    Throttle,
    CloudError,
    CloudDenied,
    CutListing,
    ShortListing,
    Lag,
    DenyTermination,
    OmitTermination, // an answer leaves out instances that it terminated
    BucketError,
    BucketRefusesDelete,
    BucketRefusesWrite,
    SinkDown,
    DiskFull,
    ServerClockAhead, // by hours: so are the reports of its agents
    LeaderDead, // nstance has no leader: leader.json is old, or missing (StoryEvent.After); then an election
    AgentsDown, // a share of the agents (StoryEvent.Rate) neither reports nor registers
    TemporalSkew, // Temporal's clock is wrong by StoryEvent.By
    HostWithoutEc2, // the host StoryEvent.Member does not reach EC2
    SlowCloud, // each listing takes StoryEvent.By longer

    // Strikes at one attempt, or between two cycles.
    DatabaseBusy, // another process holds the database's write lock throughout the attempt
    Crash, // the host dies at a call of a phase, before or after the call took effect, and starts again
    HostLost, // the host dies likewise, and another takes over
    Zombie, // the host is cut off at a call and taken for lost; later it goes on with what it knew
    SlowCall, // time passes within a call: the world moves on
    DeleteDatabase, // the database's file is deleted between two cycles
    DamageDatabase, // the host's own file is overwritten between two cycles
    Elect, // nstance elects its leader again, which resets every report
    MoveLeader, // nstance elects the server of the other host

    // Operators.
    Enforce,
    DryRun,
    Pause,
    PartialPause,
    QuietHours,
    Limits,
    Approve,
    Reject,
    Timeout,
    BreakConfig,
}
