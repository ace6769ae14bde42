using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>List and count of schedules.</summary>
internal sealed class ScheduleListRpcs
{
    private readonly ServerEngine _engine;
    private readonly ScheduleStore _store;

    public ScheduleListRpcs(ServerEngine engine, ScheduleStore store)
    {
        _engine = engine;
        _store = store;
        engine.Rpc.Add<ListSchedulesRequest, ListSchedulesResponse>("ListSchedules", List);
        engine.Rpc.Add<CountSchedulesRequest, CountSchedulesResponse>("CountSchedules", Count);
    }

    private ListSchedulesResponse List(ListSchedulesRequest request)
    {
        using var _ = _engine.Enter();
        var (items, next) = VisibilityPage.Of(
            Of(request.Namespace),
            Query(request.Namespace, request.Query),
            request.MaximumPageSize,
            request.NextPageToken);
        return new()
        {
            Schedules = { items.Select(item => ScheduleDescription.ListEntry(item.Entry, _engine.Clock.Now)) },
            NextPageToken = next,
        };
    }

    private CountSchedulesResponse Count(CountSchedulesRequest request)
    {
        using var _ = _engine.Enter();
        return new() { Count = Of(request.Namespace).Count(Query(request.Namespace, request.Query).Matches) };
    }

    private IEnumerable<VisibleSchedule> Of(string ns) => _store.Of(ns)
        .Select(entry => new VisibleSchedule(entry, name => _engine.SearchAttributes.TypeOf(ns, name)));

    /// <summary>
    /// Attributes of the workflows that carry schedules on a real server: they say nothing of a schedule.
    /// </summary>
    private static bool IsReserved(string attribute) =>
        attribute != "TemporalSchedulePaused"
        && (SearchAttributeCatalog.System.ContainsKey(attribute)
            || SearchAttributeCatalog.Predefined.ContainsKey(attribute)
            || attribute.StartsWith("Temporal", StringComparison.Ordinal));

    private VisibilityQuery Query(string ns, string text)
    {
        if (QueryParser.Attributes(text).FirstOrDefault(IsReserved) is { } reserved)
            throw Fault.InvalidArgument($"invalid query filter for schedules: cannot filter on \"{reserved}\"");
        var query = VisibilityQuery.Compile(text, _engine.SearchAttributes.Catalog(ns), ScheduleDescription.Attributes);
        return query.GroupsByStatus
            ? throw Fault.InvalidArgument("invalid query: 'GROUP BY' clause is not supported for schedules")
            : query;
    }
}
