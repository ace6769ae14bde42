using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Temporalio.Api.Common.V1;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>
/// The JSON API's short form of payloads: a JSON value stands for itself, where gRPC wraps it in metadata and base64.
/// </summary>
internal static class PayloadShorthand
{
    private const string TypeKey = "_protoMessageType";

    private static readonly string PayloadName = Payload.Descriptor.FullName;
    private static readonly string PayloadsName = Payloads.Descriptor.FullName;

    /// <summary>Replaces payloads in a formatted message by their values where that loses nothing.</summary>
    public static JsonNode? Shorten(MessageDescriptor type, JsonNode? node)
    {
        if (type.FullName == PayloadName)
            return TryValue(node, out var value) ? value : node;
        if (type.FullName == PayloadsName)
            return ShortenAll(node);
        return Walk(type, node, Shorten);
    }

    /// <summary>Replaces values that stand for payloads by payloads, so that the message can be parsed.</summary>
    public static JsonNode? Expand(MessageDescriptor type, JsonNode? node)
    {
        if (type.FullName == PayloadName)
            return ToPayload(node);
        if (type.FullName != PayloadsName)
            return Walk(type, node, Expand);
        return node is JsonArray values
            ? new JsonObject { ["payloads"] = new JsonArray([.. values.Select(each => ToPayload(each?.DeepClone()))]) }
            : node;
    }

    private static JsonNode? Walk(
        MessageDescriptor type, JsonNode? node, Func<MessageDescriptor, JsonNode?, JsonNode?> change)
    {
        if (node is not JsonObject given)
            return node;
        foreach (var name in given.Select(each => each.Key).ToList())
        {
            var field =
                type.Fields.InDeclarationOrder().FirstOrDefault(each => each.JsonName == name || each.Name == name);
            if (field == null || field.FieldType != FieldType.Message)
                continue;
            given[name] = Field(field, Take(given, name), change);
        }
        return given;
    }

    private static JsonNode? Field(
        FieldDescriptor field, JsonNode? value, Func<MessageDescriptor, JsonNode?, JsonNode?> change)
    {
        if (field.IsMap)
        {
            var valueField = field.MessageType.Fields.InDeclarationOrder()[1];
            if (valueField.FieldType != FieldType.Message || value is not JsonObject map)
                return value;
            foreach (var key in map.Select(each => each.Key).ToList())
                map[key] = change(valueField.MessageType, Take(map, key));
            return map;
        }
        if (!field.IsRepeated)
            return change(field.MessageType, value);
        return value is JsonArray items
            ? new JsonArray([.. items.Select(each => change(field.MessageType, each?.DeepClone()))])
            : value;
    }

    /// <summary>Takes a child out of its parent: a node has one parent only.</summary>
    private static JsonNode? Take(JsonObject parent, string name)
    {
        var child = parent[name];
        parent[name] = null;
        return child;
    }

    private static JsonNode? ShortenAll(JsonNode? node)
    {
        if (node?["payloads"] is not JsonArray payloads)
            return new JsonArray();
        var values = new JsonArray();
        foreach (var payload in payloads)
        {
            if (!TryValue(payload, out var value))
                return node;
            values.Add(value);
        }
        return values;
    }

    private static bool TryValue(JsonNode? node, out JsonNode? value)
    {
        value = null;
        var payload = Payload.Parser.ParseJson(node?.ToJsonString() ?? "{}");
        payload.Metadata.TryGetValue("encoding", out var encoding);
        switch (encoding?.ToStringUtf8())
        {
            case "binary/null":
                return true;
            case "json/plain" when payload.Metadata.Count == 1:
                return TryParse(payload.Data.ToStringUtf8(), out value);
            case "json/protobuf" when payload.Metadata.Count == 2
                && payload.Metadata.TryGetValue("messageType", out var type):
                if (!TryParse(payload.Data.ToStringUtf8(), out value) || value is not JsonObject message)
                    return false;
                message[TypeKey] = type.ToStringUtf8();
                return true;
            default:
                return false;
        }
    }

    private static bool TryParse(string json, out JsonNode? value)
    {
        value = null;
        try
        {
            value = JsonNode.Parse(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonObject ToPayload(JsonNode? value)
    {
        if (value is JsonObject whole && whole["metadata"] is JsonObject { Count: > 0 } && whole.All(
            each => each.Key is "metadata" or "data"))
            return whole;
        if (value == null)
            return Wrap("binary/null", null);
        if (value is not JsonObject message || message[TypeKey]?.GetValueKind() != JsonValueKind.String)
            return Wrap("json/plain", value.ToJsonString());
        var type = message[TypeKey]!.GetValue<string>();
        message.Remove(TypeKey);
        var payload = Wrap("json/protobuf", message.ToJsonString());
        payload["metadata"]!["messageType"] = Base64(type);
        return payload;
    }

    private static JsonObject Wrap(string encoding, string? data)
    {
        var payload = new JsonObject { ["metadata"] = new JsonObject { ["encoding"] = Base64(encoding) } };
        if (data != null)
            payload["data"] = Base64(data);
        return payload;
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
}
