namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>What happens to an instance. The simulation decides; the collector has to find out.</summary>
internal enum Scenario
{
    Registers, // and reports: must live
    RegistersLate, // but in time: must live
    FallsSilent, // after it registered, and runs on: must live, and a replacement is due
    NeverRegisters, // garbage once the registration timeout is over
    Protected, // by tag; it never registers: must live
    Stopped, // at the cloud, after it registered: garbage
    Orphan, // a machine without row and record: garbage once the registration timeout is over
    Untagged, // an orphan without an id tag
    LostAnswer, // the answer to the create call was lost: row and record name no machine, yet it runs. Garbage
    LostAnswerRegisters, // the same, and its agent registers
    PreInsertOnly, // row and record without a create call: a record to delete
    TerminatedElsewhere, // by another hand: its row must be marked
    Expired, // deleted longer ago than the retention: record and row must go
    Foreign, // of another shard, another cluster, or not nstance's: must live
    DuplicateId, // two machines carry its id: for a person to decide
}
