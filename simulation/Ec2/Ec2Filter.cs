using System.Text.RegularExpressions;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>One filter: it holds when any of its values does; <c>*</c> and <c>?</c> are wildcards.</summary>
internal sealed class Ec2Filter
{
    private const int MaxValues = 200;

    private readonly HashSet<string> _exact;
    private readonly List<Regex> _patterns;
    private readonly Func<Machine, IEnumerable<string>> _read;

    public Ec2Filter(string name, IReadOnlyList<string> values)
    {
        if (values.Count > MaxValues)
        {
            throw new Ec2Error(
                "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200");
        }

        _read = Reader(name);
        var patterns = values.Where(value => value.AsSpan().IndexOfAny("*?\\") >= 0).ToArray();
        _patterns = [.. patterns.Select(Pattern)];
        _exact = values.Except(patterns, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
    }

    public bool Holds(Machine machine) =>
        _read(machine).Any(value => _exact.Contains(value) || _patterns.Exists(pattern => pattern.IsMatch(value)));

    /// <summary>As EC2 reads it: <c>*</c> any text, <c>?</c> one character, <c>\</c> takes the next as it is.</summary>
    private static Regex Pattern(string value)
    {
        var parts = Regex.Matches(value, @"\\?.", RegexOptions.Singleline).Select(part => part.Value switch
        {
            "*" => ".*",
            "?" => ".",
            ['\\', var literal] => Regex.Escape($"{literal}"),
            var literal => Regex.Escape(literal),
        });
        return new Regex($"\\A{string.Concat(parts)}\\z", RegexOptions.Singleline | RegexOptions.NonBacktracking);
    }

    private static Func<Machine, IEnumerable<string>> Reader(string name)
    {
        if (name.StartsWith("tag:", StringComparison.Ordinal))
        {
            var key = name["tag:".Length..];
            return machine => machine.Tags.TryGetValue(key, out var value) ? [value] : [];
        }

        return name switch
        {
            "instance-id" => machine => [machine.Id],
            "instance-state-name" => machine => [machine.StateName],
            _ => throw new Ec2Error("InvalidParameterValue", $"The filter '{name}' is invalid"),
        };
    }
}
