namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>What nstance's server reaches outside of its database.</summary>
internal interface INstanceCloud
{
    /// <summary>Returns whether the machine exists and does not shut down.</summary>
    bool IsAlive(string providerId);

    /// <summary>Terminates a machine, whatever its tags say.</summary>
    /// <returns>False: the cloud refused, or does not know the machine.</returns>
    bool Terminate(string providerId);

    /// <summary>Returns whether the bucket holds a record with a registration, of which nstance makes a row.</summary>
    bool IsRecorded(string instanceId);

    /// <summary>Deletes the instance's record; a missing one counts as deleted.</summary>
    void DeleteRecord(string instanceId);
}
