using System.Runtime.InteropServices;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// A part of all instances, by the last digit of their provider id: EC2's ids end in random hexadecimal digits
/// (<a href="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html">resource IDs</a>), so parts are of about one size.
/// </summary>
/// <param name="Number">From 0.</param>
/// <param name="Of">How many parts there are, 1 to 16.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IdPart(int Number, int Of)
{
    private const string Hexadecimal = "0123456789abcdef";

    /// <summary>All, also those whose id ends otherwise.</summary>
    public static readonly IdPart Whole = new(0, 1);

    /// <summary>Filter values that match the ids of this part, in EC2's wildcards. Older clouds write ids in capitals.</summary>
    public IReadOnlyList<string> Patterns
    {
        get
        {
            var (number, of) = (Number, Of);
            var digits = Hexadecimal.Where(digit => PartOf(digit, of) == number).ToArray();
            return [.. digits.Union(digits.Select(char.ToUpperInvariant)).Select(digit => $"*{digit}")];
        }
    }

    /// <summary>Exactly one part has an id that ends in a hexadecimal digit; no part but <see cref="Whole"/> has another.</summary>
    public bool Has(string providerId) => Of == 1 || (providerId.Length > 0 && PartOf(providerId[^1], Of) == Number);

    /// <summary>Null: it ends in no hexadecimal digit.</summary>
    private static int? PartOf(char last, int of) =>
        Hexadecimal.IndexOf(char.ToLowerInvariant(last)) is >= 0 and var digit ? digit % of : null;
}
