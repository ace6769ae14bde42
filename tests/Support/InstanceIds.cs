using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Support;

/// <summary>Makes ids as nstance does.</summary>
internal static class InstanceIds
{
    public static InstanceId New(DateTimeOffset issued) => Of(Guid.CreateVersion7(issued), "knc");

    public static InstanceId Of(Guid uuid, string kind) =>
        InstanceId.TryParseStorageKey($"{uuid:D}-{kind}", out var id)
            ? id
            : throw new ArgumentException("not a UUIDv7", nameof(uuid));
}
