namespace Nstance.Temporal.Simulation;

/// <summary>A folder for files of one run. Disposing deletes it.</summary>
internal sealed class TempFolder(string prefix) : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory(prefix).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
