using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Values;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.OperatorService.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Namespaces;

/// <summary>Which search attributes exist, and what a run's are.</summary>
internal sealed class SearchAttributeRegistry
{
    private readonly ServerEngine _engine;

    public SearchAttributeRegistry(ServerEngine engine)
    {
        _engine = engine;
        var rpc = engine.Rpc;
        rpc.Add<AddSearchAttributesRequest, AddSearchAttributesResponse>("OperatorService/AddSearchAttributes", Add);
        rpc.Add<RemoveSearchAttributesRequest, RemoveSearchAttributesResponse>(
            "OperatorService/RemoveSearchAttributes", Remove);
        rpc.Add<ListSearchAttributesRequest, ListSearchAttributesResponse>(
            "OperatorService/ListSearchAttributes", List);
        rpc.Add<DeleteNamespaceRequest, DeleteNamespaceResponse>("OperatorService/DeleteNamespace", DeleteNamespace);
        rpc.Add<GetSearchAttributesRequest, GetSearchAttributesResponse>("GetSearchAttributes", _ =>
        {
            var answer = new GetSearchAttributesResponse();
            foreach (var (name, type) in System)
                answer.Keys[name] = type;
            return answer;
        });
    }

    /// <summary>Attributes that the server fills itself.</summary>
    public static IReadOnlyDictionary<string, IndexedValueType> System => SearchAttributeCatalog.System;

    /// <summary>Attributes that the server knows and that callers may set.</summary>
    public static IReadOnlyDictionary<string, IndexedValueType> Predefined => SearchAttributeCatalog.Predefined;

    /// <summary>Type of an attribute in a namespace; null when it does not exist there.</summary>
    public IndexedValueType? TypeOf(string ns, string name)
    {
        if (System.TryGetValue(name, out var type) || Predefined.TryGetValue(name, out type))
            return type;
        return _engine.Namespaces.Require(ns).SearchAttributes.TryGetValue(name, out type) ? type : null;
    }

    /// <summary>What is wrong with attributes that a caller sets; null when nothing is.</summary>
    public string? Problem(string ns, SearchAttributes? attributes)
    {
        if (attributes == null)
            return null;
        foreach (var (name, payload) in attributes.IndexedFields)
        {
            if (System.ContainsKey(name))
                return $"{name} attribute can't be set in SearchAttributes";
            if (TypeOf(ns, name) is not { } type)
                return $"Namespace {ns} has no mapping defined for search attribute {name}";
            try
            {
                SearchAttributeCodec.Decode(name, payload, type);
            }
            catch (InvalidInputException fault)
            {
                return fault.Message;
            }
        }
        return null;
    }

    /// <summary>The attributes of a namespace as queries are compiled against them.</summary>
    public SearchAttributeCatalog Catalog(string ns)
    {
        var catalog = new SearchAttributeCatalog(ns);
        foreach (var (name, type) in _engine.Namespaces.Require(ns).SearchAttributes)
            catalog.TryRegister(name, type);
        return catalog;
    }

    /// <summary>
    /// Sets a run's attributes; each payload gets its registered type, an empty one removes the attribute.
    /// </summary>
    public void Apply(WorkflowRun run, SearchAttributes? attributes)
    {
        if (attributes == null)
            return;
        foreach (var (name, payload) in attributes.IndexedFields)
        {
            if (IsEmpty(payload))
            {
                run.SearchAttributes.Remove(name);
                continue;
            }
            var typed = payload;
            if (!payload.Metadata.ContainsKey("type") && TypeOf(run.Namespace, name) is { } type)
            {
                typed = payload.Clone();
                typed.Metadata["type"] = ByteString.CopyFromUtf8(type.ToString());
            }
            run.SearchAttributes[name] = typed;
        }
    }

    private static bool IsEmpty(Payload payload)
    {
        var data = payload.Data.ToStringUtf8();
        return data is "" or "null" or "[]"
            || (payload.Metadata.TryGetValue("encoding", out var encoding) && encoding.ToStringUtf8() == "binary/null");
    }

    private static bool IsFixed(string name) => System.ContainsKey(name) || Predefined.ContainsKey(name);

    private NamespaceRecord Target(string ns) =>
        ns.Length > 0
            ? _engine.Namespaces.Require(ns)
            : throw Fault.InvalidArgument("Namespace is not set on request.");

    private AddSearchAttributesResponse Add(AddSearchAttributesRequest request)
    {
        using var _ = _engine.Enter();
        var target = Target(request.Namespace);
        if (request.SearchAttributes.Count == 0)
            throw Fault.InvalidArgument("SearchAttributes are not set on request.");
        foreach (var (name, type) in request.SearchAttributes)
        {
            if (IsFixed(name))
                throw Fault.InvalidArgument($"Search attribute {name} is reserved by system.");
            if (type == IndexedValueType.Unspecified)
                throw Fault.InvalidArgument($"Unknown search attribute type: {type}.");
        }
        // One that is there stays as it is, whatever type is asked for (1.31's source; seen on 1.31.2).
        foreach (var (name, type) in request.SearchAttributes)
            target.SearchAttributes.TryAdd(name, type);
        return new();
    }

    private RemoveSearchAttributesResponse Remove(RemoveSearchAttributesRequest request)
    {
        using var _ = _engine.Enter();
        var target = Target(request.Namespace);
        if (request.SearchAttributes.Count == 0)
            throw Fault.InvalidArgument("SearchAttributes are not set on request.");
        if (request.SearchAttributes.FirstOrDefault(IsFixed) is { } fixedName)
            throw Fault.InvalidArgument($"Unable to remove non-custom search attributes: {fixedName}.");
        foreach (var name in request.SearchAttributes)
            target.SearchAttributes.Remove(name);
        return new();
    }

    private ListSearchAttributesResponse List(ListSearchAttributesRequest request)
    {
        using var _ = _engine.Enter();
        var answer = new ListSearchAttributesResponse();
        foreach (var (name, type) in Target(request.Namespace).SearchAttributes)
            answer.CustomAttributes[name] = type;
        foreach (var (name, type) in System.Concat(Predefined))
            answer.SystemAttributes[name] = type;
        return answer;
    }

    private DeleteNamespaceResponse DeleteNamespace(DeleteNamespaceRequest request)
    {
        using var _ = _engine.Enter();
        var record = _engine.Namespaces.Require(request.Namespace);
        _engine.Namespaces.Remove(record.Name);
        foreach (var run in _engine.Runs.All.Where(each => each.Namespace == record.Name).ToList())
        {
            _engine.Lifecycle.Terminate(run, "namespace deleted", null, "history-service");
            _engine.Runs.Remove(run);
        }
        return new() { DeletedNamespace = record.Name + "-deleted" };
    }
}
