using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>One filter: it holds when any of its values does; <c>*</c> and <c>?</c> are wildcards.</summary>
internal sealed class Ec2Filter
{
    private readonly HashSet<string> _exact;
    private readonly List<string> _patterns;
    private readonly Func<Machine, IEnumerable<string>> _read;

    public Ec2Filter(string name, IReadOnlyList<string> values)
    {
        if (values.Count > 200)
            throw new Ec2Error(
                "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200");
        _read = Reader(name);
        _patterns = [.. values.Where(value => value.AsSpan().IndexOfAny("*?\\") >= 0)];
        _exact = values.Except(_patterns, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
    }

    public bool Holds(Machine machine) =>
        _read(machine).Any(value => _exact.Contains(value) || _patterns.Exists(pattern => Matches(pattern, value)));

    /// <summary>Matches as EC2 does: <c>*</c> any text, <c>?</c> one character, <c>\</c> takes the next as it is.</summary>
    internal static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (true)
        {
            if (pattern.IsEmpty)
                return text.IsEmpty;
            if (pattern[0] == '*')
            {
                for (var skip = 0; skip <= text.Length; skip++)
                {
                    if (Matches(pattern[1..], text[skip..]))
                        return true;
                }

                return false;
            }

            var literal = pattern[0] == '\\' && pattern.Length > 1;
            if (literal)
                pattern = pattern[1..];
            if (text.IsEmpty || (literal || pattern[0] != '?') && pattern[0] != text[0])
                return false;
            pattern = pattern[1..];
            text = text[1..];
        }
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
            "tag-key" => machine => machine.Tags.Keys,
            "tag-value" => machine => machine.Tags.Values,
            "instance-id" => machine => [machine.Id],
            "instance-state-name" => machine => [machine.StateName],
            "instance-state-code" => machine => [$"{(int)machine.State}"],
            "instance-type" => machine => [machine.InstanceType],
            "availability-zone" => machine => [machine.Zone],
            "vpc-id" => machine => [machine.VpcId],
            "subnet-id" => machine => [machine.SubnetId],
            "image-id" => machine => [machine.ImageId],
            "private-ip-address" => machine => [machine.PrivateIp],
            "private-dns-name" => machine => [machine.PrivateDnsName],
            _ => throw new Ec2Error("InvalidParameterValue", $"The filter '{name}' is invalid"),
        };
    }
}
