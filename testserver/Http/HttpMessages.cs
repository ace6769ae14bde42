using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Nstance.Temporal.TestServer.Binding;
using Temporalio.Api.Common.V1;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>Request and response messages of the JSON API.</summary>
internal static class HttpMessages
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly JsonFormatter Formatter = new(new JsonFormatter.Settings(
        formatDefaultValues: false,
        TypeRegistry.FromFiles(
            Temporalio.Api.ErrorDetails.V1.MessageReflection.Descriptor,
            Temporalio.Api.Update.V1.MessageReflection.Descriptor)));

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    /// <summary>The request of a call: its body or its query, and over it what the path says.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT names what is malformed.</exception>
    public static IMessage Request(
        HttpRoute route,
        string body,
        IEnumerable<KeyValuePair<string, string?>> query,
        Dictionary<string, string> path,
        bool shorthand)
    {
        var type = route.Rpc.InputType;
        try
        {
            var json = route.HasBody && body.Length > 0 ? JsonNode.Parse(body) : new JsonObject();
            if (shorthand)
                json = PayloadShorthand.Expand(type, json);
            if (json is not JsonObject request)
                throw Fault.InvalidArgument("the body is not a JSON object");
            if (!route.HasBody)
            {
                foreach (var (name, value) in query)
                    Set(request, type, name, value ?? "");
            }
            foreach (var (name, value) in path)
                Set(request, type, name, value);
            return Parser.Parse(request.ToJsonString(), type);
        }
        catch (Exception fault) when (fault is JsonException or InvalidProtocolBufferException or FormatException)
        {
            throw Fault.InvalidArgument(fault.Message);
        }
    }

    public static string Format(IMessage message, bool shorthand, bool pretty)
    {
        var text = Formatter.Format(message);
        if (!shorthand && !pretty)
            return text;
        var json = JsonNode.Parse(text);
        if (shorthand)
            json = PayloadShorthand.Shorten(message.Descriptor, json);
        return json!.ToJsonString(pretty ? Indented : null);
    }

    /// <summary>The body of an error: status code, message and details.</summary>
    public static string Format(Grpc.Core.RpcException fault)
    {
        var status = fault.Trailers.GetValueBytes("grpc-status-details-bin") is { } bytes
            ? GrpcStatus.Parser.ParseFrom(bytes)
            : new() { Code = (int)fault.StatusCode, Message = fault.Status.Detail };
        return Formatter.Format(status);
    }

    /// <summary>
    /// Sets a field by its path; ignores an unknown name, as the real gateway does.
    /// </summary>
    private static void Set(JsonObject request, MessageDescriptor type, string path, string value)
    {
        var at = request;
        var names = path.Split('.');
        for (var i = 0; i < names.Length; i++)
        {
            var field = type.Fields.InDeclarationOrder().FirstOrDefault(
                each => each.Name == names[i] || each.JsonName == names[i]);
            if (field == null)
                return;
            if (i < names.Length - 1)
            {
                if (field.FieldType != FieldType.Message)
                    return;
                type = field.MessageType;
                Rename(at, field);
                if (at[field.JsonName] is not JsonObject)
                    at[field.JsonName] = new JsonObject();
                at = (JsonObject)at[field.JsonName]!;
                continue;
            }
            Rename(at, field);
            var converted = Value(field, value);
            if (!field.IsRepeated)
                at[field.JsonName] = converted;
            else if (at[field.JsonName] is JsonArray items)
                items.Add(converted);
            else
                at[field.JsonName] = new JsonArray(converted);
        }
    }

    /// <summary>A body may name a field as the protocol does; the parser takes one name only.</summary>
    private static void Rename(JsonObject message, FieldDescriptor field)
    {
        if (field.Name == field.JsonName || !message.TryGetPropertyValue(field.Name, out var value))
            return;
        message.Remove(field.Name);
        message[field.JsonName] = value;
    }

    private static JsonValue Value(FieldDescriptor field, string value) => field.FieldType switch
    {
        FieldType.Bool => bool.TryParse(value, out var flag)
            ? JsonValue.Create(flag)
            : value == "1" ? JsonValue.Create(true) : throw new FormatException(
                $"{field.Name}: '{value}' is not a boolean"),
        FieldType.Enum when int.TryParse(value, out var number) => JsonValue.Create(number),
        FieldType.Bytes => JsonValue.Create(value.Replace('-', '+').Replace('_', '/')),
        _ => JsonValue.Create(value),
    };
}
