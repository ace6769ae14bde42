using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Converters;

namespace Nstance.Temporal.Tests.Upgrade;

/// <summary>What a record looks like on the wire, with a value in every member.</summary>
internal static class Form
{
    private static readonly IPayloadConverter Converter = PayloadJson.Converter.PayloadConverter;

    /// <summary>The records that histories contain: inputs, results, state.</summary>
    public static IEnumerable<Type> Records { get; } = typeof(GcInput).Assembly.GetExportedTypes()
        .Where(t => t.Namespace == typeof(GcInput).Namespace && t.GetMethod("<Clone>$") is not null
            && !t.IsAbstract);

    public static JsonNode Write(object value) => JsonNode.Parse(Converter.ToPayload(value).Data.ToByteArray())!;

    public static object Read(Type type, JsonNode form) => Converter.ToValue(Converter.ToPayload(form), type)!;

    public static object Filled(Type type, string name, int depth = 0)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return name.ToLowerInvariant();
        if (type == typeof(bool)) return true;
        if (type == typeof(int)) return 7 + name.Length;
        if (type == typeof(long)) return 70L + name.Length;
        if (type == typeof(TimeSpan)) return TimeSpan.FromSeconds(90 + name.Length);
        if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2026, 11, 24, 1, 2, name.Length, TimeSpan.Zero);
        if (type.IsEnum) return Enum.GetValues(type).Cast<object>().Last();
        if (type.IsAssignableTo(typeof(IEnumerable)) && type.IsGenericType)
        {
            return type.GetGenericArguments() is [var key, var value]
                ? Map(key, value, name, depth)
                : List(type.GetGenericArguments()[0], name, depth);
        }

        var constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!;
        var given = constructor.GetParameters();
        var record = constructor.Invoke([.. given.Select(p => Filled(p.ParameterType, p.Name!, depth + 1))]);
        foreach (var member in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetSetMethod() is not null && given.All(g => g.Name != p.Name)))
            member.SetValue(record, Filled(member.PropertyType, member.Name, depth + 1));
        return record;
    }

    private static IDictionary Map(Type key, Type value, string name, int depth)
    {
        var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(key, value))!;
        map[Filled(key, "key", depth + 1)] = Filled(value, name, depth + 1);
        return map;
    }

    private static Array List(Type element, string name, int depth)
    {
        var list = Array.CreateInstance(element, 1);
        list.SetValue(Filled(element, name, depth + 1), 0);
        return list;
    }
}
