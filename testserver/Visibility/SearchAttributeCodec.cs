using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Nstance.Temporal.TestServer.Values;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>
/// Search attributes as payloads (JSON with a type in the metadata) and as values that can be compared.
/// </summary>
internal static class SearchAttributeCodec
{
    /// <summary>
    /// The value: string, list of strings, long, double, bool or <see cref="DateTimeOffset"/>; null when the payload is
    /// null or an empty list, which means "not set".
    /// </summary>
    /// <exception cref="InvalidInputException">The payload is not a value of this type.</exception>
    public static object? Decode(string name, Payload payload, IndexedValueType type)
    {
        if (payload.Data.IsEmpty)
        {
            return null;
        }

        JsonElement json;
        try
        {
            using var document = JsonDocument.Parse(payload.Data.Memory);
            json = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw Invalid(name, payload, type);
        }

        if (json.ValueKind == JsonValueKind.Array && type != IndexedValueType.KeywordList)
        {
            // Older SDKs send every value as a list of one.
            switch (json.GetArrayLength())
            {
                case 0:
                    return null;
                case 1:
                    json = json[0];
                    break;
            }
        }

        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return Read(json, type) ?? (IsEmptyList(json, type) ? null : throw Invalid(name, payload, type));
    }

    public static Payload Encode(object value, IndexedValueType type) => new()
    {
        Data = Json(value),
        Metadata =
        {
            ["encoding"] = ByteString.CopyFromUtf8("json/plain"),
            ["type"] = ByteString.CopyFromUtf8(type.ToString()),
        },
    };

    public static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Written by hand: every run has such values, and the serializer's reflection costs more than the rest.
    /// </summary>
    private static ByteString Json(object value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            Write(writer, value);
        return ByteString.CopyFrom(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case string text: writer.WriteStringValue(text); break;
            case DateTimeOffset time: writer.WriteStringValue(Format(time)); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case long number: writer.WriteNumberValue(number); break;
            case double number: writer.WriteNumberValue(number); break;
            case IEnumerable<string> list:
                writer.WriteStartArray();
                foreach (var each in list)
                    writer.WriteStringValue(each);
                writer.WriteEndArray();
                break;
            default: throw new InvalidOperationException($"no search attribute: {value.GetType().Name}");
        }
    }

    private static object? Read(JsonElement json, IndexedValueType type) => (type, json.ValueKind) switch
    {
        (IndexedValueType.Keyword or IndexedValueType.Text, JsonValueKind.String) => json.GetString(),
        (IndexedValueType.KeywordList, JsonValueKind.String) => new[] { json.GetString()! },
        (IndexedValueType.KeywordList, JsonValueKind.Array) when json.GetArrayLength() > 0
            && json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            json.EnumerateArray().Select(item => item.GetString()!).ToArray(),
        (IndexedValueType.Int, JsonValueKind.Number) when json.TryGetInt64(out var number) => number,
        (IndexedValueType.Double, JsonValueKind.Number) => json.GetDouble(),
        (IndexedValueType.Bool, JsonValueKind.True or JsonValueKind.False) => json.GetBoolean(),
        (IndexedValueType.Datetime, JsonValueKind.String)
            when TimeText.TryParse(json.GetString()!, out var time) => time,
        _ => null,
    };

    private static bool IsEmptyList(JsonElement json, IndexedValueType type) =>
        type == IndexedValueType.KeywordList && json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == 0;

    private static InvalidInputException Invalid(string name, Payload payload, IndexedValueType type) =>
        new($"invalid value for search attribute {name} of type {type}: {payload.Data.ToStringUtf8()}");
}
