using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Who are we at AWS, what may we do there, and do the clocks agree? Only <c>doctor</c> asks: it costs seconds.</summary>
internal static class AwsChecks
{
    public const string Identity = "aws identity";
    public const string Permissions = "aws permissions";
    public const string Clock = "clock";

    /// <summary>AWS refuses signatures that are 5 minutes off; deadlines are judged to the minute.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan ShownSkew = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(AwsProbe probe, List<Check> checks, CancellationToken cancellationToken)
    {
        string? arn = null;
        var fault = await ShardChecks.AskAsync(async token => arn = await probe.IdentityAsync(token), cancellationToken);
        checks.Add(fault is not null ? fault with { Name = Identity }
            : arn is null ? Check.Skipped(Identity, "EC2 is another endpoint's, and AWS_ENDPOINT_URL_STS is not set")
            : Check.Ok(Identity, arn));

        IReadOnlyList<Permission> permissions = [];
        fault = await ShardChecks.AskAsync(async token => permissions = await probe.PermissionsAsync(token), cancellationToken);
        checks.Add(fault is not null ? fault with { Name = Permissions } : Judge(permissions));

        TimeSpan? ahead = null;
        fault = await ShardChecks.AskAsync(async token => ahead = await probe.ClockAheadAsync(TimeProvider.System, token), cancellationToken);
        checks.Add(fault is not null ? fault with { Name = Clock } : Judge(ahead));
    }

    internal static Check Judge(IReadOnlyList<Permission> permissions)
    {
        var denied = permissions.Where(p => p.Allowed == false).ToList();
        var unknown = permissions.Where(p => p.Allowed is null).ToList();
        if (denied.Count > 0)
        {
            // A warning, and no failure: a policy that allows by tag denies for an instance that has none, and is right.
            return Check.Warning(
                Permissions,
                $"refused in a dry run, for an instance that does not exist: {Names(denied)}. If the policy allows by tag "
                + "(aws:ResourceTag/nstance:cluster-id), that is as it should be; else allow them (Stop, Start and tags are for --quarantine alone)");
        }

        return unknown.Count == 0
            ? Check.Ok(Permissions, $"allowed: {Names(permissions)}")
            : Check.Warning(Permissions, $"cannot tell about {Names(unknown)}: {TemporalConnector.FirstLine(unknown[0].Why ?? "")}");
    }

    internal static Check Judge(TimeSpan? ahead) => ahead switch
    {
        null => Check.Warning(Clock, "the bucket's endpoint gave no time: compare this machine's clock by hand (timedatectl)"),
        { } skew when skew.Duration() >= MaxSkew => Check.Failed(
            Clock, $"this machine's clock is {DurationText.Format(Whole(skew))} {Side(skew)} the bucket's: switch time synchronization on (timedatectl set-ntp true)"),
        { } skew when skew.Duration() >= ShownSkew => Check.Warning(
            Clock, $"this machine's clock is {DurationText.Format(Whole(skew))} {Side(skew)} the bucket's: look at its time synchronization (timedatectl)"),
        _ => Check.Ok(Clock, "agrees with the bucket's endpoint"),
    };

    private static TimeSpan Whole(TimeSpan skew) => TimeSpan.FromSeconds(Math.Round(skew.Duration().TotalSeconds));

    private static string Side(TimeSpan skew) => skew > TimeSpan.Zero ? "ahead of" : "behind";

    private static string Names(IEnumerable<Permission> permissions) => string.Join(", ", permissions.Select(p => p.Action));
}
