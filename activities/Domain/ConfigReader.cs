using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Reads members by dotted path as Go's <c>encoding/json</c> does, and collects their faults. The case of names does
/// not matter, equal members are merged, and the last value that is not null counts.
/// </summary>
internal sealed class ConfigReader(JsonElement root)
{
    private const int MaxQuote = 60;

    private readonly List<ConfigFault> _faults = [];

    public IReadOnlyList<ConfigFault> Faults => _faults;

    public void Fault(string path, string allowed) => _faults.Add(new(path, Quote(Find(path)), allowed));

    public string? Id(string path)
    {
        var id = Find(path) is { } element ? RecordReader.TextOf(element) : null;
        if (Identifiers.IsValid(id)) return id;
        Fault(path, Identifiers.Rule);
        return null;
    }

    public string? OptionalText(string path)
    {
        if (Find(path) is not { } element) return null;
        if (RecordReader.TextOf(element) is not { } text) Fault(path, "a string");
        else if (text.Length > 0) return text;
        return null;
    }

    /// <summary>Reads a duration. Zero and "" mean <paramref name="otherwise"/>, as a missing member does.</summary>
    public TimeSpan Duration(string path, TimeSpan otherwise)
    {
        if (Find(path) is not { } element) return otherwise;
        var text = RecordReader.TextOf(element);
        if (text is "") return otherwise;
        if (GoDuration.TryParse(text, out var duration) && duration >= TimeSpan.Zero)
            return duration == TimeSpan.Zero ? otherwise : duration;
        Fault(path, $"{GoDuration.Rule}, not negative");
        return otherwise;
    }

    /// <summary>The last value that is not null; null without one. A parent that is not an object is a fault.</summary>
    private JsonElement? Find(string path)
    {
        var names = path.Split('.');
        var parents = new List<JsonElement> { root };
        for (var depth = 0; depth < names.Length; depth++)
        {
            if (parents.FindIndex(parent => parent.ValueKind != JsonValueKind.Object) is >= 0 and var other)
            {
                var where = depth == 0 ? "the file" : string.Join('.', names[..depth]);
                if (_faults.All(f => f.Key != where)) _faults.Add(new(where, Quote(parents[other]), "an object"));
                return null;
            }

            parents = [.. parents.SelectMany(parent => Members(parent, names[depth]))];
        }

        return parents.Count > 0 ? parents[^1] : null;
    }

    private static IEnumerable<JsonElement> Members(JsonElement parent, string name) =>
        from member in parent.EnumerateObject()
        where member.Value.ValueKind != JsonValueKind.Null && IsNamed(member, name)
        select member.Value;

    private static bool IsNamed(JsonProperty member, string name)
    {
        try
        {
            return member.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
        }
        catch (InvalidOperationException)
        {
            return false; // half of a surrogate pair, which the parser accepts
        }
    }

    /// <summary>Objects and arrays are not quoted: they may hold secrets.</summary>
    private static string? Quote(JsonElement? element) => element switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } => "an object",
        { ValueKind: JsonValueKind.Array } => "a list",
        { } value => OneLine.Cut(value.GetRawText(), MaxQuote),
    };
}
