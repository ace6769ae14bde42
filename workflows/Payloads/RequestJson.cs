using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Nstance.Temporal.Workflows.Payloads;

/// <summary>
/// Reads the argument of an update. A fault does not throw here: the update's validator refuses it, so that nothing is
/// written to the history. A replay does not validate, and must read what an earlier release accepted.
/// </summary>
internal static class RequestJson
{
    private static JsonSerializerOptions Options => PayloadJson.Options;

    /// <summary>Returns the request, with its first fault if it has one.</summary>
    public static object? Read(ReadOnlyMemory<byte> json, Type type)
    {
        string? fault = null;
        try
        {
            using var document = JsonDocument.Parse(json);
            fault = Fault(document.RootElement, type, "");
            if (document.RootElement.Deserialize(type, Options) is not UpdateRequest request) return null;
            return request with { Fault = fault };
        }
        catch (JsonException e)
        {
            fault ??= ActivityFault.Cut($"cannot read its argument: {e.Message}");
        }

        var empty = (UpdateRequest)JsonSerializer.Deserialize("{}", type, Options)!;
        return empty with { Fault = fault };
    }

    private static string? Fault(JsonElement json, Type type, string path)
    {
        var info = Options.GetTypeInfo(type);
        return (info.Kind, json.ValueKind) switch
        {
            (_, JsonValueKind.Null) => null,
            (JsonTypeInfoKind.Object, JsonValueKind.Object) => OfMembers(json, info, path),
            (JsonTypeInfoKind.Enumerable, JsonValueKind.Array) => json.EnumerateArray()
                .Select(element => Fault(element, info.ElementType!, path)).FirstOrDefault(fault => fault is not null),
            (JsonTypeInfoKind.Object or JsonTypeInfoKind.Enumerable, _) => Wrong(path, Form(info)),
            _ => IsValue(json, type) ? null : Wrong(path, Form(info)),
        };
    }

    private static string? OfMembers(JsonElement json, JsonTypeInfo info, string path)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in json.EnumerateObject())
        {
            var name = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            var property = Members(info).FirstOrDefault(
                known => string.Equals(known.Name, member.Name, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                var takes = string.Join(", ", Members(info).Select(known => known.Name));
                return $"has no member {ActivityFault.Cut(name)}; {(path.Length == 0 ? "it" : path)} takes {takes}";
            }

            if (!seen.Add(member.Name)) return $"has member {name} twice";
            if (Fault(member.Value, property.PropertyType, name) is { } fault) return fault;
        }

        return null;
    }

    private static IEnumerable<JsonPropertyInfo> Members(JsonTypeInfo info) =>
        info.Properties.Where(property => property.Set is not null);

    private static bool IsValue(JsonElement json, Type type)
    {
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        // An enumeration takes words only: a number would name a member by its position.
        if (bare.IsEnum && json.ValueKind != JsonValueKind.String) return false;
        try
        {
            json.Deserialize(type, Options);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Wrong(string path, string form) =>
        path.Length == 0 ? $"takes {form}" : $"has a wrong {path}; allowed is {form}";

    private static string Form(JsonTypeInfo info)
    {
        var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (type == typeof(bool)) return "true or false";
        if (type == typeof(string)) return "text";
        if (type == typeof(TimeSpan)) return "a duration such as \"00:05:00\"";
        if (type == typeof(DateTimeOffset)) return "a time such as \"2026-11-25T12:00:00Z\"";
        if (type.IsEnum)
            return string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName));
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => $"an object with {string.Join(", ", Members(info).Select(p => p.Name))}",
            JsonTypeInfoKind.Enumerable => "a list",
            _ => "a number",
        };
    }
}
