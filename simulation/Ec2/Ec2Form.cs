using System.Buffers;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>The parameters of one Query call: lists are <c>Name.1</c>, <c>Name.2</c> ….</summary>
internal sealed class Ec2Form(IFormCollection form, string caller)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Access key of the caller.</summary>
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

    public bool Flag(string name) => string.Equals(Text(name), "true", StringComparison.OrdinalIgnoreCase);

    public IReadOnlyList<string> List(string name)
    {
        var values = new List<string>();
        while (Text($"{name}.{values.Count + 1}") is { } value)
            values.Add(value);
        return values;
    }

    public IReadOnlyList<(string Key, string? Value)> Tags(string prefix)
    {
        var tags = new List<(string, string?)>();
        while (Text($"{prefix}.{tags.Count + 1}.Key") is { } key)
            tags.Add((key, Text($"{prefix}.{tags.Count + 1}.Value")));
        return tags;
    }

    public IReadOnlyList<Ec2Filter> Filters()
    {
        var filters = new List<Ec2Filter>();
        while (Text($"Filter.{filters.Count + 1}.Name") is { } name)
            filters.Add(new Ec2Filter(name, List($"Filter.{filters.Count + 1}.Value")));
        return filters;
    }

    /// <summary>Ids of an action that needs some: each well formed.</summary>
    public IReadOnlyList<string> InstanceIds(bool required = true)
    {
        var ids = List("InstanceId");
        if (required && ids.Count == 0)
            throw Ec2Error.Missing("InstanceId");
        if (ids.Count > 1000)
            throw Ec2Error.Invalid("InstanceId", $"{ids.Count} ids", "Expecting at most 1000.");
        foreach (var id in ids)
        {
            if (!IsWellFormed(id))
                throw Ec2Error.Malformed(id);
        }

        return [.. ids.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The instances asked for, or the error that names those which EC2 does not know.</summary>
    public IReadOnlyList<Machine> Machines(Ec2Truth truth, bool required = true)
    {
        var ids = InstanceIds(required);
        var found = ids.Select(truth.FindVisible).OfType<Machine>().ToList();
        if (found.Count < ids.Count)
            throw Ec2Error.NotFound([.. ids.Except(found.Select(machine => machine.Id), StringComparer.Ordinal)]);
        return found;
    }

    /// <summary>EC2's answer to a call that only asks whether it might.</summary>
    public void EndHereIfDryRun()
    {
        if (Flag("DryRun"))
            throw new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
    }

    /// <summary>Can EC2 read it as an instance's id?</summary>
    internal static bool IsWellFormed(string id) => id.Length is 10 or 19
        && id.StartsWith("i-", StringComparison.Ordinal)
        && id.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;
}
