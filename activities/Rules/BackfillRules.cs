namespace Nstance.Temporal.Activities.Rules;

/// <summary>Rules for machines without a row. Each returns a fault in one sentence, or null.</summary>
internal static class BackfillRules
{
    /// <summary>Returns why a machine, which the row <paramref name="namedBy"/> may name, is not an orphan.</summary>
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

    /// <summary>
    /// Returns why a record does not make a valid row. The collector has no value for the columns
    /// <paramref name="unfillable"/>.
    /// </summary>
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
