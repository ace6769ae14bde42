using System.Text.Json;
using System.Text.Json.Serialization;
using Temporalio.Api.Common.V1;
using Temporalio.Converters;

namespace Nstance.Temporal.Workflows.Payloads;

/// <summary>
/// The JSON of every payload: camelCase, read without regard to case, enumerations as words. Each client, worker and
/// replayer of the collector uses this one converter. The Web UI has none and shows plain JSON.
/// </summary>
public static class PayloadJson
{
    /// <summary>Gets the options of the JSON.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions();

    /// <summary>Gets the converter. A codec may be added to it.</summary>
    public static DataConverter Converter { get; } =
        DataConverter.Default with { PayloadConverter = new PayloadConverter() };

    private static JsonSerializerOptions MakeOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            PropertyNameCaseInsensitive = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class PayloadConverter() : DefaultPayloadConverter(
        new BinaryNullConverter(), new BinaryPlainConverter(), new JsonProtoConverter(), new BinaryProtoConverter(),
        new JsonConverter());

    private sealed class JsonConverter() : JsonPlainConverter(Options)
    {
        public override object? ToValue(Payload payload, Type type) => type.IsAssignableTo(typeof(UpdateRequest))
            ? RequestJson.Read(payload.Data.Memory, type)
            : base.ToValue(payload, type);
    }
}
