using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Reads members of a record, and keeps the first fault. Its text quotes no content.</summary>
internal sealed class RecordReader(JsonElement members)
{
    public string? Why { get; private set; }

    public void Fail(string member, string what) => Why ??= $"{member} {what}";

    /// <summary>Returns a text; null if it is absent, null or empty. Go writes "" for an unknown value.</summary>
    public string? Text(string member)
    {
        if (Member(member) is not { } value) return null;
        if (TextOf(value) is { } text) return text.Length > 0 ? text : null;
        Fail(member, "is not a string");
        return null;
    }

    /// <summary>Returns a text; null for another type, or half of a surrogate pair, which the parser accepts.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public bool Flag(string member)
    {
        if (Member(member) is not { } value) return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) Fail(member, "is not true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>Returns a time. Go's zero time is a fault, because its meaning is not clear.</summary>
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
