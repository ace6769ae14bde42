namespace Nstance.Temporal.Tests.Flows;

/// <summary>Builds events as the phases do.</summary>
internal static class Events
{
    public static ReconcileEvent Check(string instance, DateTimeOffset at, string group = "web") =>
        new(ReconcileEventType.CheckInstance, "tenant", group, instance, at, PreventDuplicate: true, "stale", 3);

    public static ReconcileEvent Changed(string group, DateTimeOffset at) =>
        new(ReconcileEventType.GroupChanged, "tenant", group, null, at, PreventDuplicate: false, "ended i-0");
}
