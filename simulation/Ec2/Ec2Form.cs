using System.Buffers;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>The parameters of one Query call: lists are <c>Name.1</c>, <c>Name.2</c> ….</summary>
internal sealed class Ec2Form(IFormCollection form, string caller)
{
    private const int MaxIds = 1000;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Gets the access key of the caller.</summary>
    public string Caller => caller;

    public string Action => Text("Action") ?? "";

    public string? Text(string name) => form.TryGetValue(name, out var value) ? value.ToString() : null;

    public string Required(string name) => Text(name) is { Length: > 0 } value ? value : throw Ec2Error.Missing(name);

    public int? Number(string name) => Text(name) switch
    {
        null => null,
        var text when int.TryParse(text, out var number) => number,
        var text => throw Ec2Error.Invalid(name, text, "Expecting a number."),
    };

    public IReadOnlyList<string> List(string name) => [.. Each(n => Text($"{name}.{n}"))];

    public IReadOnlyList<(string Key, string? Value)> Tags(string prefix) =>
        [.. Each(n => Text($"{prefix}.{n}.Key")).Select((key, i) => (key, Text($"{prefix}.{i + 1}.Value")))];

    public IReadOnlyList<Ec2Filter> Filters() =>
    [
        .. Each(n => Text($"Filter.{n}.Name"))
            .Select((name, i) => new Ec2Filter(name, List($"Filter.{i + 1}.Value"))),
    ];

    /// <summary>Returns the instances asked for, or throws the error that names the unknown ones.</summary>
    public IReadOnlyList<Machine> Machines(Ec2Truth truth)
    {
        var ids = List("InstanceId").Distinct(StringComparer.Ordinal).ToArray();
        if (ids.Length == 0) throw Ec2Error.Missing("InstanceId");
        if (ids.Length > MaxIds) throw Ec2Error.Invalid("InstanceId", $"{ids.Length} ids", "Expecting at most 1000.");
        if (ids.FirstOrDefault(id => !IsWellFormed(id)) is { } malformed) throw Ec2Error.Malformed(malformed);
        var found = ids.Select(id => truth.FindVisible(id)).OfType<Machine>().ToArray();
        var unknown = ids.Except(found.Select(machine => machine.Id), StringComparer.Ordinal).ToArray();
        return unknown.Length > 0 ? throw Ec2Error.NotFound(unknown) : found;
    }

    /// <summary>Returns the one instance asked for.</summary>
    public Machine Machine(Ec2Truth truth)
    {
        var id = Required("InstanceId");
        if (!IsWellFormed(id)) throw Ec2Error.Malformed(id);
        return truth.FindVisible(id) ?? throw Ec2Error.NotFound([id]);
    }

    /// <summary>Returns the instances that CreateTags and DeleteTags name; a dry run ends here.</summary>
    public IReadOnlyList<Machine> Resources(Ec2Truth truth)
    {
        var ids = List("ResourceId");
        if (ids.Count == 0) throw Ec2Error.Missing("ResourceIdSet");
        if (ids.FirstOrDefault(id => !IsWellFormed(id)) is { } malformed)
            throw new Ec2Error("InvalidID", $"The ID '{malformed}' is not valid");
        var machines = ids.Select(id => truth.FindVisible(id) ?? throw Ec2Error.NotFound([id])).ToArray();
        EndHereIfDryRun();
        return machines;
    }

    /// <summary>Throws EC2's answer to a call that only asks whether it may be made.</summary>
    public void EndHereIfDryRun()
    {
        if (!string.Equals(Text("DryRun"), "true", StringComparison.OrdinalIgnoreCase)) return;
        throw new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
    }

    private static bool IsWellFormed(string id) => id.Length is 10 or 19
        && id.StartsWith("i-", StringComparison.Ordinal) && id.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;

    private static IEnumerable<string> Each(Func<int, string?> read)
    {
        for (var n = 1; read(n) is { } value; n++) yield return value;
    }
}
