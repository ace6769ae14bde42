using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.ErrorDetails.V1;
using Temporalio.Api.Namespace.V1;
using Temporalio.Api.Replication.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Namespaces;

/// <summary>A namespace and its custom search attributes.</summary>
internal sealed class NamespaceRecord(string name)
{
    public string Name { get; } = name;

    public string Id { get; } = Guid.NewGuid().ToString();

    public string Description { get; set; } = "";

    public string OwnerEmail { get; set; } = "";

    public Duration Retention { get; set; } = Duration.FromTimeSpan(TimeSpan.FromDays(1));

    public Dictionary<string, string> Data { get; } = new();

    public NamespaceState State { get; set; } = NamespaceState.Registered;

    public Dictionary<string, IndexedValueType> SearchAttributes { get; } = new();
}

/// <summary>Namespaces by name; everything else asks <see cref="Require"/> first.</summary>
internal sealed class NamespaceStore
{
    private readonly ServerEngine _engine;
    private readonly SortedDictionary<string, NamespaceRecord> _byName = new(StringComparer.Ordinal);

    public NamespaceStore(ServerEngine engine)
    {
        _engine = engine;
        foreach (var name in engine.Options.Namespaces)
            Add(new(name));
        engine.Rpc.Add<RegisterNamespaceRequest, RegisterNamespaceResponse>("RegisterNamespace", Register);
        engine.Rpc.Add<DescribeNamespaceRequest, DescribeNamespaceResponse>("DescribeNamespace", Describe);
        engine.Rpc.Add<ListNamespacesRequest, ListNamespacesResponse>("ListNamespaces", List);
        engine.Rpc.Add<UpdateNamespaceRequest, UpdateNamespaceResponse>("UpdateNamespace", Update);
        engine.Rpc.Add<DeprecateNamespaceRequest, DeprecateNamespaceResponse>("DeprecateNamespace", Deprecate);
    }

    public NamespaceRecord Require(string name)
    {
        if (name.Length == 0)
            throw Fault.InvalidArgument("Namespace not set on request.");
        return _byName.GetValueOrDefault(name) ?? throw Fault.NamespaceNotFound(name);
    }

    public bool Exists(string name) => _byName.ContainsKey(name);

    public bool Remove(string name) => _byName.Remove(name);

    private void Add(NamespaceRecord record)
    {
        foreach (var (name, type) in _engine.Options.SearchAttributes)
            record.SearchAttributes[name] = type;
        _byName[record.Name] = record;
    }

    private RegisterNamespaceResponse Register(RegisterNamespaceRequest request)
    {
        using var _ = _engine.Enter();
        if (request.Namespace.Length == 0)
            throw Fault.InvalidArgument("Namespace not set on request.");
        if (_byName.ContainsKey(request.Namespace))
            throw Fault.AlreadyExists("Namespace already exists.", new NamespaceAlreadyExistsFailure());
        var record = new NamespaceRecord(request.Namespace)
        {
            Description = request.Description,
            OwnerEmail = request.OwnerEmail,
            Retention = request.WorkflowExecutionRetentionPeriod ?? Duration.FromTimeSpan(TimeSpan.FromDays(1)),
        };
        foreach (var (key, value) in request.Data)
            record.Data[key] = value;
        Add(record);
        return new();
    }

    private DescribeNamespaceResponse Describe(DescribeNamespaceRequest request)
    {
        using var _ = _engine.Enter();
        var record = request.Namespace.Length > 0
            ? Require(request.Namespace)
            : _byName.Values.FirstOrDefault(each => each.Id == request.Id) ?? throw Fault.NamespaceNotFound(request.Id);
        return Describe(record);
    }

    private DescribeNamespaceResponse Describe(NamespaceRecord record)
    {
        var info = new NamespaceInfo
        {
            Name = record.Name,
            Id = record.Id,
            State = record.State,
            Description = record.Description,
            OwnerEmail = record.OwnerEmail,
            SupportsSchedules = true,
            // Not WorkerPollCompleteOnShutdown: with it core 1.21.1 loses as many tasks when a worker shuts down, and
            // waits for its polls.
            Capabilities = new() { SyncUpdate = true, AsyncUpdate = true, WorkerHeartbeats = true },
            Limits = new()
            {
                BlobSizeLimitError = _engine.Limits.BlobSize,
                MemoSizeLimitError = _engine.Limits.MemoSize,
            },
        };
        foreach (var (key, value) in record.Data)
            info.Data[key] = value;
        return new()
        {
            NamespaceInfo = info,
            Config = new()
            {
                WorkflowExecutionRetentionTtl = record.Retention,
                HistoryArchivalState = ArchivalState.Disabled,
                VisibilityArchivalState = ArchivalState.Disabled,
            },
            ReplicationConfig = new()
            {
                ActiveClusterName = "active",
                Clusters = { new ClusterReplicationConfig { ClusterName = "active" } },
                State = ReplicationState.Normal,
            },
        };
    }

    private ListNamespacesResponse List(ListNamespacesRequest request)
    {
        using var _ = _engine.Enter();
        return new() { Namespaces = { _byName.Values.Select(Describe) } };
    }

    private UpdateNamespaceResponse Update(UpdateNamespaceRequest request)
    {
        using var _ = _engine.Enter();
        var record = Require(request.Namespace);
        if (request.UpdateInfo is { } info)
        {
            record.Description = info.Description.Length > 0 ? info.Description : record.Description;
            record.OwnerEmail = info.OwnerEmail.Length > 0 ? info.OwnerEmail : record.OwnerEmail;
            foreach (var (key, value) in info.Data)
                record.Data[key] = value;
        }
        record.Retention = request.Config?.WorkflowExecutionRetentionTtl ?? record.Retention;
        var described = Describe(record);
        return new()
        {
            NamespaceInfo = described.NamespaceInfo,
            Config = described.Config,
            ReplicationConfig = described.ReplicationConfig,
        };
    }

    private DeprecateNamespaceResponse Deprecate(DeprecateNamespaceRequest request)
    {
        using var _ = _engine.Enter();
        Require(request.Namespace).State = NamespaceState.Deprecated;
        return new();
    }
}
