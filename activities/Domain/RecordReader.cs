using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Reads members of a record; remembers the first thing that is wrong, in words that quote nothing.</summary>
internal sealed class RecordReader(JsonElement members)
{
    public string? Why { get; private set; }

    public void Fail(string member, string what) => Why ??= $"{member} {what}";

    /// <summary>Null when absent, null or empty: Go writes "" for what is not known yet.</summary>
    public string? Text(string member)
    {
        if (Member(member) is not { } value) return null;
        try
        {
            if (value.ValueKind == JsonValueKind.String) return value.GetString() is { Length: > 0 } text ? text : null;
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
        if (Member(member) is not { } value) return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) Fail(member, "is not true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>Go's zero time is no time: whether it means "never" is not for us to guess.</summary>
    public DateTimeOffset? Time(string member)
    {
        if (Text(member) is not { } text) return null;
        if (GoTime.TryParse(text, out var time) && time.Year > 1) return time;
        Fail(member, "is not a time");
        return null;
    }

    private JsonElement? Member(string name) =>
        members.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
