namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// A registration JWT on its way from a record to the column <c>nonce</c>. It prints and serializes as <c>[secret]</c>;
/// only <see cref="Reveal"/> gives the text, and only Database calls that.
/// </summary>
internal readonly struct Secret(string? value)
{
    private readonly string? _value = value;

    public bool IsEmpty => string.IsNullOrEmpty(_value);

    public string Reveal() => _value ?? "";

    public override string ToString() => "[secret]";
}
