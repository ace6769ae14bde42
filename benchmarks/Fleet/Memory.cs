using System.Diagnostics;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>Resident memory of this process in MB.</summary>
internal static class Memory
{
    public static double ResidentMb() => Environment.WorkingSet / 1048576.0;

    /// <summary>Returns the highest since <see cref="ForgetPeak"/>; on Linux only.</summary>
    public static double PeakMb() => Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0;

    /// <summary>Collects garbage and resets the peak, so that the next measurement starts clean.</summary>
    public static void ForgetPeak()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        if (OperatingSystem.IsLinux()) File.WriteAllText("/proc/self/clear_refs", "5");
    }
}
