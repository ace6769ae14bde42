using System.Collections.Concurrent;
using System.Collections.Frozen;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>The search attributes of one namespace: those of the system, and the registered ones.</summary>
internal sealed class SearchAttributeCatalog(string namespaceName)
{
    /// <summary>Set by the server; clients cannot set them.</summary>
    public static readonly FrozenDictionary<string, IndexedValueType> System = new Dictionary<string, IndexedValueType>
    {
        ["WorkflowId"] = IndexedValueType.Keyword,
        ["RunId"] = IndexedValueType.Keyword,
        ["WorkflowType"] = IndexedValueType.Keyword,
        ["ExecutionStatus"] = IndexedValueType.Keyword,
        ["StartTime"] = IndexedValueType.Datetime,
        ["ExecutionTime"] = IndexedValueType.Datetime,
        ["CloseTime"] = IndexedValueType.Datetime,
        ["TaskQueue"] = IndexedValueType.Keyword,
        ["HistoryLength"] = IndexedValueType.Int,
        ["HistorySizeBytes"] = IndexedValueType.Int,
        ["ExecutionDuration"] = IndexedValueType.Int,
        ["StateTransitionCount"] = IndexedValueType.Int,
        ["ParentWorkflowId"] = IndexedValueType.Keyword,
        ["ParentRunId"] = IndexedValueType.Keyword,
        ["RootWorkflowId"] = IndexedValueType.Keyword,
        ["RootRunId"] = IndexedValueType.Keyword,
    }.ToFrozenDictionary();

    /// <summary>Known to every namespace and writable by the server and by clients.</summary>
    public static readonly FrozenDictionary<string, IndexedValueType> Predefined =
        new Dictionary<string, IndexedValueType>
        {
            ["BinaryChecksums"] = IndexedValueType.KeywordList,
            ["BatcherUser"] = IndexedValueType.Keyword,
            ["BatcherNamespace"] = IndexedValueType.Keyword,
            ["BuildIds"] = IndexedValueType.KeywordList,
            ["TemporalChangeVersion"] = IndexedValueType.KeywordList,
            ["TemporalNamespaceDivision"] = IndexedValueType.Keyword,
            ["TemporalPauseInfo"] = IndexedValueType.KeywordList,
            ["TemporalReportedProblems"] = IndexedValueType.KeywordList,
            ["TemporalScheduledById"] = IndexedValueType.Keyword,
            ["TemporalScheduledStartTime"] = IndexedValueType.Datetime,
            ["TemporalSchedulePaused"] = IndexedValueType.Bool,
            ["TemporalUsedWorkerDeploymentVersions"] = IndexedValueType.KeywordList,
            ["TemporalWorkerDeployment"] = IndexedValueType.Keyword,
            ["TemporalWorkerDeploymentVersion"] = IndexedValueType.Keyword,
            ["TemporalWorkflowVersioningBehavior"] = IndexedValueType.Keyword,
        }.ToFrozenDictionary();

    private readonly ConcurrentDictionary<string, IndexedValueType> _custom = new();

    public IReadOnlyDictionary<string, IndexedValueType> Custom => _custom;

    /// <summary>
    /// True when the name is new or already has this type; false when it has another type or is the system's.
    /// </summary>
    public bool TryRegister(string name, IndexedValueType type) =>
        !System.ContainsKey(name) && !Predefined.ContainsKey(name) && _custom.GetOrAdd(name, type) == type;

    public bool Remove(string name) => _custom.TryRemove(name, out _);

    public IndexedValueType? TypeOf(string name) =>
        System.TryGetValue(name, out var type) || Predefined.TryGetValue(name, out type)
            || _custom.TryGetValue(name, out type)
            ? type
            : null;

    public string UnknownMessage(string name) =>
        $"Namespace {namespaceName} has no mapping defined for search attribute {name}";
}
