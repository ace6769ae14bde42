namespace Nstance.Temporal.Tests.Worker;

/// <summary>Where the sources are, for tests that hold documentation against code.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string File(string path) => Path.Combine(Root, path);

    private static string Find()
    {
        var place = new DirectoryInfo(AppContext.BaseDirectory);
        while (place is not null && !System.IO.File.Exists(Path.Combine(place.FullName, "Nstance.Temporal.sln")))
        {
            place = place.Parent;
        }

        return place?.FullName ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
