using Temporalio.Common;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>
/// The one place for every name that Temporal, operators and other programs see. Changing one breaks running
/// collectors: a workflow id is the leader lock of its shard.
/// </summary>
public static class Names
{
    /// <summary>Task queue shared by all hosts: workflows, and activities that any host may run.</summary>
    public const string TaskQueue = "nstance-gc";

    /// <summary>Search attribute (Keyword): the cluster id.</summary>
    public static readonly SearchAttributeKey<string> ClusterAttribute =
        SearchAttributeKey.CreateKeyword("NstanceCluster");

    /// <summary>Search attribute (Keyword): the shard id.</summary>
    public static readonly SearchAttributeKey<string> ShardAttribute =
        SearchAttributeKey.CreateKeyword("NstanceShard");

    /// <summary>
    /// Search attribute (Keyword): <see cref="StateActive"/>, <see cref="StatePaused"/> or <see cref="StateOff"/>.
    /// Coarser than <see cref="CollectorActivity"/> on purpose: a quiet cycle must not write it.
    /// </summary>
    public static readonly SearchAttributeKey<string> StateAttribute =
        SearchAttributeKey.CreateKeyword("NstanceGcState");

    /// <summary>Search attribute (Bool): a plan waits for approval.</summary>
    public static readonly SearchAttributeKey<bool> PendingAttribute =
        SearchAttributeKey.CreateBool("NstanceGcPendingApproval");

    /// <summary>Search attribute (Keyword): <see cref="ModeEnforce"/> or <see cref="ModeDryRun"/>.</summary>
    public static readonly SearchAttributeKey<string> ModeAttribute =
        SearchAttributeKey.CreateKeyword("NstanceGcMode");

    /// <summary>Value of <see cref="ModeAttribute"/>: instances are terminated.</summary>
    public const string ModeEnforce = "Enforce";

    /// <summary>Value of <see cref="ModeAttribute"/>: nothing is terminated.</summary>
    public const string ModeDryRun = "DryRun";

    /// <summary>Value of <see cref="StateAttribute"/>: waiting for a cycle, or in one.</summary>
    public const string StateActive = "Active";

    /// <summary>Value of <see cref="StateAttribute"/>: paused by an operator.</summary>
    public const string StatePaused = "Paused";

    /// <summary>Value of <see cref="StateAttribute"/>: ended.</summary>
    public const string StateOff = "Off";

    /// <summary>Every search attribute that the namespace must have.</summary>
    public static IReadOnlyList<SearchAttributeKey> SearchAttributes { get; } =
        [ClusterAttribute, ShardAttribute, StateAttribute, PendingAttribute, ModeAttribute];

    /// <summary>Returns the search attributes of a shard's collector, without those that are not known.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="state">Value of <see cref="StateAttribute"/>.</param>
    /// <param name="isPending">Value of <see cref="PendingAttribute"/>.</param>
    /// <param name="mode">Value of <see cref="ModeAttribute"/>.</param>
    /// <param name="known">Names of the attributes that the namespace has. Null: all of them.</param>
    public static SearchAttributeCollection Attributes(
        ShardRef shard, string state, bool isPending, string mode, IReadOnlyCollection<string>? known)
    {
        ArgumentNullException.ThrowIfNull(shard);
        var builder = new SearchAttributeCollection.Builder()
            .Set(ClusterAttribute, shard.Cluster)
            .Set(ShardAttribute, shard.Shard)
            .Set(StateAttribute, state)
            .Set(PendingAttribute, isPending)
            .Set(ModeAttribute, mode);
        foreach (var key in SearchAttributes.Where(key => known?.Contains(key.Name) is false)) builder.Unset(key);
        return builder.ToSearchAttributeCollection();
    }

    /// <summary>The queue that only <paramref name="host"/> polls: activities that need its database.</summary>
    public static string HostTaskQueue(string host) => $"{TaskQueue}@{host}";

    /// <summary>Workflow id of a shard's collector: the leader lock.</summary>
    public static string GcWorkflowId(string cluster, string shard) => $"nstance-gc/{cluster}/{shard}";

    /// <summary>Workflow id of a shard's reconciler.</summary>
    public static string ReconcilerWorkflowId(string cluster, string shard) => $"nstance-reconciler/{cluster}/{shard}";

    /// <summary>Workflow id prefix of the launcher that the schedule starts; the schedule appends the time.</summary>
    public static string KeepAliveWorkflowId(string cluster, string shard) => $"nstance-gc-keepalive/{cluster}/{shard}";

    /// <summary>Schedule id of a shard; the same text as the collector's workflow id.</summary>
    public static string ScheduleId(string cluster, string shard) => GcWorkflowId(cluster, shard);
}

/// <summary>Types of the <c>ApplicationFailureException</c>s that cross between activities and workflows.</summary>
public static class ErrorTypes
{
    /// <summary>The host has no usable database of this shard (any more): acquire a host again. Not retried.</summary>
    public const string ShardNotHeld = "ShardNotHeld";

    /// <summary>A host declines the shard: its shared database is not up to date. Another host is tried.</summary>
    public const string HostDeclined = "HostDeclined";

    /// <summary>A host declines the shard: no server of nstance leads it. Another host is tried.</summary>
    public const string NoLeader = "NoLeader";

    /// <summary>Configuration is missing, broken, or of another shard or cluster. Not retried within a cycle.</summary>
    public const string BadConfiguration = "BadConfiguration";

    /// <summary>The cloud or the bucket refused our identity. Not retried within a cycle.</summary>
    public const string Denied = "Denied";

    /// <summary>The cloud or the bucket could not answer in full (throttled, error, timeout). Retried.</summary>
    public const string Unavailable = "Unavailable";

    /// <summary>An update was refused because of the collector's state.</summary>
    public const string Refused = "Refused";
}
