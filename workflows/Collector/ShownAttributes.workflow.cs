using Temporalio.Common;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Values of the search attributes that change; null: not set.</summary>
internal sealed record ShownState(string? State, bool? IsPending, string? Mode);

/// <summary>
/// Shows the collector's state as search attributes. A namespace may lose an attribute while the collector runs, and a
/// server fails each workflow task that sets an unknown one. So an activity lists the attributes before each change,
/// and only those that are there are set.
/// </summary>
internal sealed class ShownAttributes(ShardRef shard)
{
    private static readonly ActivityOptions ListOptions = new()
    {
        StartToCloseTimeout = TimeSpan.FromSeconds(5),
        ScheduleToCloseTimeout = TimeSpan.FromSeconds(15),
        RetryPolicy = new() { MaximumAttempts = 2 },
        // A cancelled collector still shows that it has ended.
        CancellationToken = CancellationToken.None,
        Summary = "search attributes of the namespace",
    };

    /// <summary>Attributes that the namespace has, as last listed; at first those that the run started with.</summary>
    private IReadOnlyList<string> _known =
        [.. Names.SearchAttributes.Where(IsCarried).Select(key => key.Name)];

    private ShownState _shown = new(
        Shown(Names.StateAttribute),
        Workflow.TypedSearchAttributes.TryGetValue(Names.PendingAttribute, out var pending) ? pending : null,
        Shown(Names.ModeAttribute));

    /// <summary>False: the run was started without attributes, so it sets none.</summary>
    public bool IsUsed { get; } = Names.SearchAttributes.Any(IsCarried);

    /// <summary>True: these values were not shown yet. Values of a missing attribute count as shown.</summary>
    public bool MustChange(ShownState shown) => IsUsed && _shown != shown;

    /// <summary>Lists the attributes of the namespace. Without an answer the last list holds.</summary>
    public async Task ListAsync()
    {
        if (!IsUsed) return;
        try
        {
            _known = await Workflow.ExecuteActivityAsync(
                (IKeepAliveActivities activities) => activities.ListSearchAttributesAsync(), ListOptions);
        }
        catch (ActivityFailureException)
        {
            // The server's operator service is not for everyone. The activity logs why.
        }
    }

    /// <summary>Sets what changed. Call <see cref="ListAsync"/> first.</summary>
    public void Set(ShownState shown)
    {
        var updates = new List<SearchAttributeUpdate>();
        if (_shown.State != shown.State && Has(Names.StateAttribute))
            updates.Add(Names.StateAttribute.ValueSet(shown.State!));
        if (_shown.IsPending != shown.IsPending && Has(Names.PendingAttribute))
            updates.Add(Names.PendingAttribute.ValueSet(shown.IsPending is true));
        if (_shown.Mode != shown.Mode && Has(Names.ModeAttribute))
            updates.Add(Names.ModeAttribute.ValueSet(shown.Mode!));
        _shown = shown;
        if (updates.Count > 0) Workflow.UpsertTypedSearchAttributes([.. updates]);
    }

    /// <summary>
    /// Returns what the next run starts with. Call <see cref="ListAsync"/> first. False: the namespace has none of the
    /// attributes. The SDK would then send those of this run, and the server would refuse them.
    /// </summary>
    public bool TryCarry(ShownState shown, out ContinueAsNewOptions options)
    {
        options = new();
        if (!IsUsed) return true;
        options.TypedSearchAttributes =
            Names.Attributes(shard, shown.State!, shown.IsPending is true, shown.Mode!, _known);
        return _known.Count > 0;
    }

    private static bool IsCarried(SearchAttributeKey key) => Workflow.TypedSearchAttributes.ContainsKey(key.Name);

    private static string? Shown(SearchAttributeKey<string> key) =>
        Workflow.TypedSearchAttributes.TryGetValue(key, out var value) ? value : null;

    private bool Has(SearchAttributeKey key) => _known.Contains(key.Name);
}
