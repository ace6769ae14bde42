using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Reads members by dotted path, and collects their faults.</summary>
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

    public TimeSpan Duration(string path, TimeSpan otherwise) => Duration(path, otherwise, GoDuration.Rule, _ => true);

    public TimeSpan PositiveDuration(string path, TimeSpan otherwise) =>
        Duration(path, otherwise, $"{GoDuration.Rule}, more than zero", d => d > TimeSpan.Zero);

    private TimeSpan Duration(string path, TimeSpan otherwise, string rule, Func<TimeSpan, bool> allowed)
    {
        if (Find(path) is not { } element) return otherwise;
        var text = RecordReader.TextOf(element);
        if (text is "") return otherwise; // as Go reads it
        if (GoDuration.TryParse(text, out var duration) && allowed(duration)) return duration;
        Fault(path, rule);
        return otherwise;
    }

    /// <summary>Null when absent or null. A parent that is not an object is a fault too.</summary>
    private JsonElement? Find(string path)
    {
        var element = root;
        var walked = "";
        foreach (var name in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object)
            {
                var where = walked.Length == 0 ? "the file" : walked;
                if (_faults.All(f => f.Key != where)) _faults.Add(new(where, Quote(element), "an object"));
                return null;
            }

            if (!element.TryGetProperty(name, out element) || element.ValueKind == JsonValueKind.Null) return null;
            walked = walked.Length == 0 ? name : $"{walked}.{name}";
        }

        return element;
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
