namespace Nstance.Temporal.Activities.Domain;

/// <summary>The value of the tag <see cref="CloudTags.GcQuarantined"/>.</summary>
/// <param name="At">When the machine was stopped.</param>
/// <param name="RunsOn">True: the cloud cannot stop it, such as a spot instance.</param>
internal readonly record struct QuarantineTag(DateTimeOffset At, bool RunsOn = false)
{
    private const string Suffix = " runs on";

    /// <summary>Reads a value; false if it does not begin with a time.</summary>
    public static bool TryParse(string value, out QuarantineTag tag)
    {
        var runsOn = value.EndsWith(Suffix, StringComparison.Ordinal);
        var isValid = CloudInstance.TryParseTime(runsOn ? value[..^Suffix.Length] : value, out var at);
        tag = new(at, runsOn);
        return isValid;
    }

    public override string ToString() => CloudInstance.FormatTime(At) + (RunsOn ? Suffix : "");
}
