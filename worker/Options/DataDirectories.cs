namespace Nstance.Temporal.Worker.Options;

/// <summary>Where databases of our own are kept when no setting says so.</summary>
internal static class DataDirectories
{
    public static string Default()
    {
        // systemd may name several directories, separated by colons; the first is ours.
        var systemd = Environment.GetEnvironmentVariable("STATE_DIRECTORY")?.Split(':')[0];
        if (!string.IsNullOrEmpty(systemd)) return systemd;
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(data, "nstance-gc");
    }
}
