using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>
/// The form of <c>--output json</c>: one object on one line, camelCase, enumerations as camelCase words, times in
/// RFC 3339, durations in Go's form. Members are added, never renamed.
/// </summary>
internal static class Json
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        // Results go to terminals and to jq, not into HTML: an apostrophe may stay one.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new DurationConverter() },
    };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    private sealed class DurationConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            DurationText.Parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(DurationText.Format(value));
    }
}
