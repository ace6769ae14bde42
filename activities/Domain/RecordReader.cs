using System.Text.Json.Nodes;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Reads members of a record; remembers the first thing that is wrong, in words that quote nothing.</summary>
internal sealed class RecordReader(JsonObject members)
{
    public string? Why { get; private set; }

    public void Fail(string member, string what) => Why ??= $"{member} {what}";

    /// <summary>Null when absent, null or empty: Go writes "" for what is not known yet.</summary>
    public string? Text(string member)
    {
        if (members[member] is not { } node) return null;
        try
        {
            if (node is JsonValue value && value.TryGetValue<string>(out var text)) return text.Length == 0 ? null : text;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: JSON to the parser, but no text.
        }

        Fail(member, "is not a string");
        return null;
    }

    public bool Flag(string member)
    {
        if (members[member] is not { } node) return false;
        if (node is JsonValue value && value.TryGetValue<bool>(out var flag)) return flag;
        Fail(member, "is not true or false");
        return false;
    }

    /// <summary>Go's zero time is no time: whether it means "never" is not for us to guess.</summary>
    public DateTimeOffset? Time(string member)
    {
        if (Text(member) is not { } text) return null;
        if (GoTime.TryParse(text, out var time) && time.Year > 1) return time;
        Fail(member, "is not a time");
        return null;
    }
}
