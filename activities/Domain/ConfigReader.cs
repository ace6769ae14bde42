using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Reads members by dotted path, and gathers what is wrong with them.</summary>
internal sealed class ConfigReader(JsonElement root)
{
    private const int MaxQuote = 60;

    private readonly List<ConfigFault> _faults = [];

    public IReadOnlyList<ConfigFault> Faults => _faults;

    public void Fault(string path, string allowed) => _faults.Add(new(path, Quote(Find(path)), allowed));

    public string? Id(string path)
    {
        var element = Find(path);
        if (element is { ValueKind: JsonValueKind.String } && Identifiers.IsValid(TextOf(element.Value)))
        {
            return TextOf(element.Value);
        }

        Fault(path, Identifiers.Rule);
        return null;
    }

    public string? OptionalText(string path)
    {
        var element = Find(path);
        if (element is null) return null;
        if (element.Value.ValueKind == JsonValueKind.String && TextOf(element.Value) is { } text)
        {
            return text.Length == 0 ? null : text;
        }

        Fault(path, "a string");
        return null;
    }

    public TimeSpan Duration(string path, TimeSpan otherwise) => Duration(path, otherwise, GoDuration.Rule, _ => true);

    public TimeSpan PositiveDuration(string path, TimeSpan otherwise) =>
        Duration(path, otherwise, $"{GoDuration.Rule}, more than zero", d => d > TimeSpan.Zero);

    private TimeSpan Duration(string path, TimeSpan otherwise, string rule, Func<TimeSpan, bool> allowed)
    {
        var element = Find(path);
        if (element is null) return otherwise;
        if (element.Value.ValueKind == JsonValueKind.String)
        {
            // Go leaves an empty text at its default.
            var text = TextOf(element.Value);
            if (text is "") return otherwise;
            if (GoDuration.TryParse(text, out var duration) && allowed(duration)) return duration;
        }

        Fault(path, rule);
        return otherwise;
    }

    /// <summary>Null when absent or null. A parent that is no object is a fault of its own.</summary>
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

    private static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair is no text
        }
    }

    /// <summary>Objects and arrays are not quoted: the file holds more than we may show.</summary>
    private static string? Quote(JsonElement? element) => element switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } => "an object",
        { ValueKind: JsonValueKind.Array } => "a list",
        _ when element.Value.GetRawText() is { Length: > MaxQuote } text => text[..MaxQuote] + "…",
        _ => element.Value.GetRawText(),
    };
}
