using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A cloud in memory: <see cref="Instances"/> exist, and other members set its faults.</summary>
internal sealed class FakeCloud : ICloud
{
    public Dictionary<string, CloudInstance> Instances { get; } = [];

    /// <summary>Instances that a describe finds and a listing leaves out.</summary>
    public HashSet<string> Unlisted { get; } = [];

    /// <summary>Instances that a describe does not answer about.</summary>
    public HashSet<string> Undescribable { get; } = [];

    /// <summary>Instances whose termination fails or is refused.</summary>
    public Dictionary<string, TerminateResult> TerminatesAs { get; } = [];

    /// <summary>The fault of a listing after its first page.</summary>
    public CloudException? ListFault { get; set; }

    public CloudException? ProbeFault { get; set; }

    public CloudException? DescribeFault { get; set; }

    public CloudException? FindFault { get; set; }

    /// <summary>The time in the cloud's answers; null omits it.</summary>
    public Func<DateTimeOffset?> Now { get; set; } = () => null;

    public int PageSize { get; set; } = 1000;

    /// <summary>Runs before the page of that number is given: to change the world while a listing is read.</summary>
    public Action<int>? BeforePage { get; set; }

    /// <summary>Runs before each describe: to let time pass.</summary>
    public Action? BeforeDescribe { get; set; }

    /// <summary>Runs before a call that terminates instances.</summary>
    public Action? BeforeTerminate { get; set; }

    /// <summary>Runs before a call that quarantines instances.</summary>
    public Action? BeforeQuarantine { get; set; }

    public List<string> Described { get; } = [];

    /// <summary>Provider ids that a caller asked to terminate, in order.</summary>
    public List<string> TerminateCalls { get; } = [];

    /// <summary>Provider ids that a caller asked to quarantine, in order.</summary>
    public List<string> StopCalls { get; } = [];

    public List<(string ProviderId, DateTimeOffset ProtectedUntil)> Released { get; } = [];

    public CloudInstance Add(CloudInstance instance) => Instances[instance.ProviderId] = instance;

    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var listed = Instances.Values
            .Where(i => i.IsOwn(shard) && i.Status != InstanceStatus.Deleted && !Unlisted.Contains(i.ProviderId))
            .OrderBy(i => i.ProviderId, StringComparer.Ordinal)
            .Chunk(PageSize)
            .ToList();
        for (var page = 0; page < listed.Count; page++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BeforePage?.Invoke(page);
            yield return listed[page];
            if (ListFault is not null) throw ListFault;
        }

        if (ListFault is not null) throw ListFault;
    }

    public Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken) =>
        ProbeFault is null ? Task.CompletedTask : throw ProbeFault;

    public Task<DescribeResult> DescribeAsync(
        IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken)
    {
        BeforeDescribe?.Invoke();
        if (DescribeFault is not null) throw DescribeFault;
        Described.AddRange(providerIds);
        return Task.FromResult(new DescribeResult(
            providerIds.Where(id => !Undescribable.Contains(id) && Instances.ContainsKey(id))
                .ToDictionary(id => id, id => Instances[id]),
            providerIds.Where(id => !Undescribable.Contains(id) && !Instances.ContainsKey(id)).ToHashSet(),
            providerIds.Where(Undescribable.Contains).ToDictionary(id => id, _ => "throttled"))
        { At = Now() });
    }

    public Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        if (FindFault is not null) throw FindFault;
        return Task.FromResult<IReadOnlyList<CloudInstance>>(
            [.. Instances.Values.Where(i => i.IsOwn(shard) && i.InstanceId is { } id && instanceIds.Contains(id))]);
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        BeforeTerminate?.Invoke();
        var results = new Dictionary<string, TerminateResult>();
        foreach (var id in instances.Select(i => i.ProviderId))
        {
            TerminateCalls.Add(id);
            if (TerminatesAs.TryGetValue(id, out var result))
            {
                results[id] = result;
            }
            else if (!Instances.TryGetValue(id, out var instance))
            {
                results[id] = new(TerminateOutcome.AlreadyGone, "not found");
            }
            else
            {
                Instances[id] = instance with { State = "shutting-down", Status = InstanceStatus.Deleting };
                results[id] = new(TerminateOutcome.Terminated, null);
            }
        }

        return Task.FromResult<IReadOnlyDictionary<string, TerminateResult>>(results);
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        ProtectionAsked += instances.Count;
        return Task.FromResult<IReadOnlyDictionary<string, TerminateResult>>(TerminatesAs
            .Where(e => e.Value.Outcome is TerminateOutcome.Protected or TerminateOutcome.Failed
                && instances.Any(i => i.ProviderId == e.Key))
            .ToDictionary());
    }

    /// <summary>How many instances were asked about their protection.</summary>
    public int ProtectionAsked { get; private set; }

    public Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken)
    {
        BeforeQuarantine?.Invoke();
        var results = new Dictionary<string, TerminateResult>();
        foreach (var id in instances.Select(i => i.ProviderId))
        {
            StopCalls.Add(id);
            if (TerminatesAs.TryGetValue(id, out var refused))
            {
                results[id] = refused;
                continue;
            }

            results[id] = new(TerminateOutcome.Quarantined, null);
            Instances[id] = Instances[id] with
            {
                State = "stopped",
                Status = InstanceStatus.Stopped,
                Tags = new Dictionary<string, string>(Instances[id].Tags)
                {
                    [CloudTags.GcQuarantined] = new QuarantineTag(at).ToString(),
                },
            };
        }

        return Task.FromResult<IReadOnlyDictionary<string, TerminateResult>>(results);
    }

    public Task ReleaseAsync(CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken cancellationToken)
    {
        Released.Add((instance.ProviderId, protectedUntil));
        return Task.CompletedTask;
    }
}
