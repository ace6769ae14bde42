using Google.Protobuf;
using Google.Protobuf.Reflection;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Runs;

/// <summary>
/// Fields that the attributes of several kinds of events share by name, for example <c>started_event_id</c>. The
/// generated messages have no common type, and one switch for each field would repeat the same lines.
/// </summary>
internal static class EventAttributes
{
    private static readonly OneofDescriptor Kinds =
        HistoryEvent.Descriptor.Oneofs.Single(each => each.Name == "attributes");

    /// <summary>Sets a field of the event's attributes.</summary>
    /// <exception cref="ArgumentException">The event's attributes have no such field.</exception>
    public static HistoryEvent With(this HistoryEvent e, string field, object value)
    {
        var attributes = (IMessage)Kinds.Accessor.GetCaseFieldDescriptor(e).Accessor.GetValue(e);
        var found = attributes.Descriptor.FindFieldByName(field)
            ?? throw new ArgumentException($"{e.EventType} has no {field}", nameof(field));
        found.Accessor.SetValue(attributes, value);
        return e;
    }
}
