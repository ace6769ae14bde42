using System.Collections.Frozen;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>What an instance is doing, in nstance's words.</summary>
internal enum InstanceStatus
{
    /// <summary>The word is not known. Never counts as unhealthy.</summary>
    Unknown,
    Pending,
    Running,
    Stopping,
    Stopped,
    Suspending,
    Suspended,
    Deleting,
    Deleted,
    Repairing,
}

internal static class InstanceStatuses
{
    private const string Terminated = "terminated"; // nstance's reconciler writes it for "deleted"

    private static readonly string[] Names = [.. Enum.GetNames<InstanceStatus>().Select(n => n.ToLowerInvariant())];

    private static readonly FrozenDictionary<string, InstanceStatus> ByWord = Enum.GetValues<InstanceStatus>()
        .Select(status => KeyValuePair.Create(status.Name(), status))
        .Append(KeyValuePair.Create(Terminated, InstanceStatus.Deleted))
        .ToFrozenDictionary();

    /// <summary>Those that make an instance garbage.</summary>
    public static IReadOnlyList<InstanceStatus> Unhealthy { get; } =
    [
        InstanceStatus.Stopping, InstanceStatus.Stopped, InstanceStatus.Suspending, InstanceStatus.Suspended,
        InstanceStatus.Deleting, InstanceStatus.Deleted, InstanceStatus.Repairing,
    ];

    /// <summary>The words that <see cref="Parse"/> reads as one of <see cref="Unhealthy"/>.</summary>
    public static IEnumerable<string> UnhealthyWords => [.. Unhealthy.Select(Name), Terminated];

    /// <summary>Reads the status of a record.</summary>
    public static InstanceStatus Parse(string? text) => text is null ? default : ByWord.GetValueOrDefault(text);

    public static string Name(this InstanceStatus status) => Names[(int)status];

    public static bool IsUnhealthy(this InstanceStatus status) => Unhealthy.Contains(status);
}
