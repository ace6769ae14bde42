namespace Nstance.Temporal.Activities.Rules;

/// <summary>Rules for machines without a row. Each answers with one sentence, or null when nothing is wrong.</summary>
internal static class BackfillRules
{
    /// <summary>Why a machine is neither an orphan nor recorded.</summary>
    /// <param name="machine">A machine that no row has the id of.</param>
    /// <param name="namedBy">Id of a row that names the machine; null: none does.</param>
    public static string? Unusable(MachineRow machine, string? namedBy)
    {
        var isWellFormed = machine.InstanceId == CloudInstance.DanglingPrefix + machine.ProviderId
            || InstanceId.TryParse(machine.InstanceId, out _);
        if (namedBy is not null)
            return $"machine {machine.ProviderId} of row {namedBy} is now tagged as {machine.InstanceId}; skipped";
        return isWellFormed
            ? null
            : $"machine {machine.ProviderId} carries the malformed instance id {machine.InstanceId}; skipped";
    }

    /// <summary>Why a row cannot be made of a record, or why nstance would find fault with it.</summary>
    /// <param name="record">The record.</param>
    /// <param name="path">The file, for the message.</param>
    /// <param name="unfillable">Columns that must be filled and that the collector does not know.</param>
    /// <param name="hasSubnet">True: rows of this nstance name their subnet.</param>
    public static string? NotInsertable(
        InstanceRecord record, string path, IReadOnlyList<string> unfillable, bool hasSubnet)
    {
        if (unfillable.Count > 0)
            return $"{path}, table instances, column {string.Join(", ", unfillable)} must be filled; update nstance-gc";
        if (record.RegistrationJwt.IsEmpty) return "its record holds no registration_jwt, which column nonce needs";
        if (record.InfraConfigHash is null)
            return "its record holds no infra_config_hash, and nstance would rotate the instance";
        return hasSubnet && record.SubnetId is null
            ? "its record holds no subnet_id, which column subnet_id needs"
            : null;
    }
}
