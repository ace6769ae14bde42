namespace Nstance.Temporal.Activities.Domain;

internal static class GroupName
{
    /// <summary>Returns <c>tenant/group</c> for messages, as far as it is known.</summary>
    public static string Shown(string tenant, string group) =>
        $"{(tenant.Length > 0 ? tenant : "(unknown)")}/{(group.Length > 0 ? group : "(none)")}";

    /// <summary>Returns <c>tenant/group</c>; null when one of them is unknown.</summary>
    public static string? Of(string? tenant, string? group) =>
        tenant is { Length: > 0 } && group is { Length: > 0 } ? $"{tenant}/{group}" : null;
}
