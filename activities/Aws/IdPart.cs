using System.Runtime.InteropServices;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// A part of all instances, by the last digit of the provider id. EC2's ids end in random hexadecimal digits
/// (<a href="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html">resource IDs</a>), so all parts are
/// about equal.
/// </summary>
/// <param name="Number">From 0.</param>
/// <param name="Of">Number of parts, 1 to 16.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IdPart(int Number, int Of)
{
    private const string Hexadecimal = "0123456789abcdef";

    /// <summary>All instances, including ids that end in another character.</summary>
    public static readonly IdPart Whole = new(0, 1);

    /// <summary>Returns filter values with EC2's wildcards. Some clouds write ids in capitals.</summary>
    public List<string> Patterns() => [.. (Hexadecimal + "ABCDEF").Select(digit => $"*{digit}").Where(Has)];

    /// <summary>
    /// True for one part if the id ends in a hexadecimal digit; otherwise for <see cref="Whole"/> only.
    /// </summary>
    public bool Has(string providerId) => Of == 1 || (providerId.Length > 0 && PartOf(providerId[^1], Of) == Number);

    /// <summary>Null: not a hexadecimal digit.</summary>
    private static int? PartOf(char last, int of) =>
        Hexadecimal.IndexOf(char.ToLowerInvariant(last)) is >= 0 and var digit ? digit % of : null;
}
