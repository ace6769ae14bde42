namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// The time of some while ago, going on: what a cloud with it launches now is that old for everybody else.
/// </summary>
internal sealed class EarlierClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - by;
}
