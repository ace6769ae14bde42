using System.Runtime.InteropServices;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// A part of all instances, by the last digit of the provider id. EC2's ids end in random hexadecimal digits
/// (<a href="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html">resource IDs</a>), so parts have
/// about the same size.
/// </summary>
/// <param name="Number">From 0.</param>
/// <param name="Of">Number of parts, 1 to 16.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IdPart(int Number, int Of)
{
    private const string Hexadecimal = "0123456789abcdef";

    /// <summary>All instances, including ids that end in another character.</summary>
    public static readonly IdPart Whole = new(0, 1);

    /// <summary>Filter values for this part, in EC2's wildcards. Older clouds write ids in capitals.</summary>
    public IReadOnlyList<string> Patterns
    {
        get
        {
            var part = this;
            var digits = (Hexadecimal + "ABCDEF").Where(digit => PartOf(digit, part.Of) == part.Number);
            return [.. digits.Select(digit => $"*{digit}")];
        }
    }

    /// <summary>
    /// True for exactly one part if the id ends in a hexadecimal digit; else only for <see cref="Whole"/>.
    /// </summary>
    public bool Has(string providerId) => Of == 1 || (providerId.Length > 0 && PartOf(providerId[^1], Of) == Number);

    /// <summary>Null: not a hexadecimal digit.</summary>
    private static int? PartOf(char last, int of) =>
        Hexadecimal.IndexOf(char.ToLowerInvariant(last)) is >= 0 and var digit ? digit % of : null;
}
