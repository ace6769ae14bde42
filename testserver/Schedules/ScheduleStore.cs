using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>Schedules by namespace and id.</summary>
internal sealed class ScheduleStore(ServerEngine engine)
{
    private readonly Dictionary<(string Namespace, string Id), ScheduleEntry> _entries = new();

    public IEnumerable<ScheduleEntry> Of(string ns)
    {
        engine.Namespaces.Require(ns);
        return _entries.Values.Where(entry => entry.Namespace == ns);
    }

    public ScheduleEntry? Find(string ns, string id) => _entries.GetValueOrDefault((ns, id));

    public ScheduleEntry Get(string ns, string id)
    {
        engine.Namespaces.Require(ns);
        if (id.Length == 0)
            throw Fault.InvalidArgument("ScheduleId is not set on request.");
        return Find(ns, id) ?? throw Fault.NotFound($"schedule not found for ID: {id}");
    }

    public void Add(ScheduleEntry entry) => _entries.Add((entry.Namespace, entry.Id), entry);

    public void Remove(ScheduleEntry entry) => _entries.Remove((entry.Namespace, entry.Id));
}
