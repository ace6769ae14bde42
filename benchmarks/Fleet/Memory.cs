namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>Resident memory of this process as Linux counts it; zero elsewhere.</summary>
internal static class Memory
{
    private const string Status = "/proc/self/status";

    public static double ResidentMb() => Read("VmRSS:");

    /// <summary>Highest since <see cref="ForgetPeak"/>.</summary>
    public static double PeakMb() => Read("VmHWM:");

    /// <summary>Collects garbage and resets the peak, so that the next measurement starts clean.</summary>
    public static void ForgetPeak()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        if (OperatingSystem.IsLinux()) File.WriteAllText("/proc/self/clear_refs", "5");
    }

    private static double Read(string name)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[name.Length..].TrimEnd('k', 'B').Trim()) / 1024;
    }
}
