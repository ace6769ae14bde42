namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>What a collector accepts as settings. Pure; the same rules for the start, for <c>Configure</c>, and for programs.</summary>
public static class GcSettingsRules
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>All faults at once, one sentence each with name, value and what is allowed; empty when there are none.</summary>
    /// <param name="settings">What is asked.</param>
    public static IReadOnlyList<string> Faults(GcSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var faults = new List<string>();
        if (settings.Interval > Longest) faults.Add($"Interval is {settings.Interval}; at most {Longest}, zero or less is off.");
        Within(nameof(settings.RegistrationTimeout), settings.RegistrationTimeout, TimeSpan.FromSeconds(1), Longest);
        Within(nameof(settings.DeletedRecordRetention), settings.DeletedRecordRetention, TimeSpan.FromSeconds(1), Longest);
        Within(nameof(settings.HealthCheckInterval), settings.HealthCheckInterval, TimeSpan.FromSeconds(1), Longest);
        Within(nameof(settings.RequestTimeout), settings.RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Within(nameof(settings.SettleTime), settings.SettleTime, TimeSpan.Zero, TimeSpan.FromDays(1));
        Within(nameof(settings.CycleTimeout), settings.CycleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Within(nameof(settings.HostTimeout), settings.HostTimeout, TimeSpan.FromSeconds(1), settings.CycleTimeout);
        Between(nameof(settings.CyclesPerRun), settings.CyclesPerRun, 1, 1000);
        if (settings.Limits is not { } limits)
        {
            faults.Add("Limits is missing.");
            return faults;
        }

        Between("Limits.GroupFloor", limits.GroupFloor, 0, int.MaxValue);
        Between("Limits.ShardFloor", limits.ShardFloor, 0, int.MaxValue);
        Between("Limits.GroupPercent", limits.GroupPercent, 0, 100);
        Between("Limits.ShardPercent", limits.ShardPercent, 0, 100);
        return faults;

        void Within(string name, TimeSpan? value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; allowed is {least} to {most}.");
        }

        void Between(string name, int value, int least, int most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; allowed is {least} to {most}.");
        }
    }
}
