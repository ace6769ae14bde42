using System.Runtime.InteropServices;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>What a member of the fleet is there for (issue 6, the mix).</summary>
internal enum Part
{
    Healthy,

    /// <summary>Runs, never registered: 1 %.</summary>
    Dangling,

    /// <summary>Registered, silent for ten minutes: 1 %.</summary>
    Stale,

    /// <summary>Terminated and marked longer ago than the retention: 1 %.</summary>
    Deleted,

    /// <summary>Stopped at the cloud: 0.5 %.</summary>
    Unhealthy,

    /// <summary>Row and record, but no machine: 0.5 %.</summary>
    PreInsert,
}

/// <summary>One instance, small: a million of them must fit beside what is measured.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Member(int Number, Guid Uuid, Part Part, DateTimeOffset CreatedAt)
{
    private const string Kind = "knc";
    private const int Tenants = 4;
    private const int GroupsOfTenant = 25;

    public InstanceId Id => InstanceId.From(Uuid, Kind) ?? throw new InvalidOperationException("no UUIDv7");

    public string Tenant => $"tenant-{Number % Tenants}";

    public string Group => $"group-{Number / Tenants % GroupsOfTenant}";

    /// <summary>Scattered, as the cloud's ids are.</summary>
    public string ProviderId => $"i-0{(ulong)Number * 0x9E3779B97F4A7C15UL:x16}";

    public bool HasMachine => Part is not (Part.PreInsert or Part.Deleted);

    public bool IsRegistered => Part is not (Part.PreInsert or Part.Dangling);

    public string Ip4 => $"10.{(Number >> 16) & 255}.{(Number >> 8) & 255}.{Number & 255}";
}
