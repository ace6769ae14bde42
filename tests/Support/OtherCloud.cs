using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// A cloud that is not EC2: ids are paths, states are its own words, a page holds three machines. It shows that the
/// ports and the phases above them need nothing of EC2.
/// </summary>
internal sealed class OtherCloud : ICloud, IConnections
{
    private const int PageSize = 3;
    private const string Up = "UP";
    private const string Halted = "HALTED";
    private const string Removing = "REMOVING";
    private const string Removed = "REMOVED";

    private readonly SortedDictionary<string, Vm> _vms = new(StringComparer.Ordinal);
    private readonly FakeAuditStore _audit = new();
    private readonly PlanShelf _plans = new();
    private int _launched;

    public string Provider => "other";

    public FakeRecordStore Records { get; } = new();

    /// <summary>Machines that a caller of this port terminated.</summary>
    public List<string> Terminated { get; } = [];

    public Func<DateTimeOffset?> Now { get; set; } = () => null;

    /// <summary>True: every call fails.</summary>
    public bool IsSilent { get; set; }

    public string Launch(
        DateTimeOffset at, IReadOnlyDictionary<string, string> labels, bool isHalted = false, bool isLocked = false)
    {
        var name = $"projects/p1/vms/{++_launched}";
        _vms[name] = new(name, isHalted ? Halted : Up, at, labels, isLocked);
        return name;
    }

    /// <summary>Removes the machine; the cloud still shows it.</summary>
    public void Remove(string name) => _vms[name] = _vms[name] with { State = Removed };

    /// <summary>The cloud no longer knows the machine.</summary>
    public void Forget(string name) => _vms.Remove(name);

    public bool IsHalted(string name) => _vms[name].State == Halted;

    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        ThrowIfSilent();
        foreach (var page in Find(vm => vm.IsOwn(shard) && vm.Status != InstanceStatus.Deleted).Chunk(PageSize))
            yield return page;
    }

    public Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<DescribeResult> DescribeAsync(
        IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken)
    {
        var answered = IsSilent ? [] : providerIds.ToHashSet();
        return Task.FromResult(new DescribeResult(
            Find(vm => answered.Contains(vm.ProviderId)).ToDictionary(vm => vm.ProviderId),
            answered.Where(id => !_vms.ContainsKey(id)).ToHashSet(),
            providerIds.Except(answered).ToDictionary(id => id, _ => "no answer"))
        { At = IsSilent ? null : Now() });
    }

    public Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        ThrowIfSilent();
        return Task.FromResult(Find(vm => vm.IsOwn(shard) && instanceIds.Contains(vm.InstanceId)));
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        ForEach(instances, vm =>
        {
            Terminated.Add(vm.Name);
            _vms[vm.Name] = vm with { State = Removing };
            return new(TerminateOutcome.Terminated, null);
        });

    public async Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        var all = await ForEach(instances, _ => new(TerminateOutcome.Terminated, null));
        return all.Where(answer => answer.Value.Outcome != TerminateOutcome.Terminated).ToDictionary();
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken) =>
        ForEach(instances, vm =>
        {
            var labels = new Dictionary<string, string>(vm.Labels) { [CloudTags.GcQuarantined] = $"{at:O}" };
            _vms[vm.Name] = vm with { State = Halted, Labels = labels };
            return new(TerminateOutcome.Quarantined, null);
        });

    public Task ReleaseAsync(
        CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken cancellationToken) =>
        throw new NotSupportedException("a cycle releases nothing");

    IRecordStore IConnections.Records(TimeSpan requestTimeout) => Records;

    IAuditStore IConnections.Audit(TimeSpan requestTimeout) => _audit;

    IPlanStore IConnections.Plans(TimeSpan requestTimeout) => _plans;

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout) => this;

    private IReadOnlyList<CloudInstance> Find(Func<CloudInstance, bool> isWanted) =>
        [.. _vms.Values.Select(vm => vm.ToInstance()).Where(isWanted)];

    private Task<IReadOnlyDictionary<string, TerminateResult>> ForEach(
        IReadOnlyCollection<CloudInstance> instances, Func<Vm, TerminateResult> act) =>
        Task.FromResult<IReadOnlyDictionary<string, TerminateResult>>(instances.ToDictionary(
            i => i.ProviderId,
            i => IsSilent ? new(TerminateOutcome.Failed, "no answer")
                : !_vms.TryGetValue(i.ProviderId, out var vm) ? new(TerminateOutcome.AlreadyGone, "unknown machine")
                : vm.IsLocked ? new(TerminateOutcome.Protected, "protected by a lock")
                : act(vm)));

    private void ThrowIfSilent()
    {
        if (IsSilent) throw new CloudException(CloudFault.Transient, "no answer");
    }

    private sealed record Vm(
        string Name, string State, DateTimeOffset CreatedAt, IReadOnlyDictionary<string, string> Labels, bool IsLocked)
    {
        public CloudInstance ToInstance() => new(Name, State, Status, CreatedAt, null, null, null, null, Labels);

        private InstanceStatus Status => State switch
        {
            Up => InstanceStatus.Running,
            Halted => InstanceStatus.Stopped,
            Removing => InstanceStatus.Deleting,
            Removed => InstanceStatus.Deleted,
            _ => InstanceStatus.Unknown,
        };
    }
}
