using System.Collections.Frozen;

namespace Nstance.Temporal.Activities.Domain;

internal enum InstanceStatus
{
    Unknown, // the name is unknown; never counts as unhealthy
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
    private static readonly string[] Names = [.. Enum.GetNames<InstanceStatus>().Select(n => n.ToLowerInvariant())];

    private static readonly FrozenDictionary<string, InstanceStatus> ByWord = Enum.GetValues<InstanceStatus>()
        .Select(status => KeyValuePair.Create(status.Name(), status))
        .Append(KeyValuePair.Create("terminated", InstanceStatus.Deleted)) // as nstance's reconciler writes it
        .ToFrozenDictionary();

    /// <summary>States that make an instance garbage.</summary>
    public static IReadOnlyList<InstanceStatus> Unhealthy { get; } =
    [
        InstanceStatus.Stopping, InstanceStatus.Stopped, InstanceStatus.Suspending, InstanceStatus.Suspended,
        InstanceStatus.Deleting, InstanceStatus.Deleted, InstanceStatus.Repairing,
    ];

    public static InstanceStatus Parse(string? text) => text is null ? default : ByWord.GetValueOrDefault(text);

    public static string Name(this InstanceStatus status) => Names[(int)status];

    public static bool IsUnhealthy(this InstanceStatus status) => Unhealthy.Contains(status);
}
