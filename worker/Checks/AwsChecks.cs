using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Identity and permissions at AWS, and the clock. Only <c>doctor</c> runs them: it takes seconds.</summary>
internal static class AwsChecks
{
    public const string Identity = "aws identity";
    public const string Permissions = "aws permissions";
    public const string Clock = "clock";

    /// <summary>AWS refuses signatures that are 5 minutes off; the collector's deadlines count minutes.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan MaxQuietSkew = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(AwsProbe probe, List<Check> checks, CancellationToken cancellationToken)
    {
        checks.Add(await ShardChecks.AskAsync(
            Identity,
            async token => await probe.IdentityAsync(token) is { } arn
                ? Check.Ok(Identity, arn)
                : Check.Skipped(Identity, "EC2 is another endpoint's, and AWS_ENDPOINT_URL_STS is not set"),
            cancellationToken));
        checks.Add(await ShardChecks.AskAsync(
            Permissions, async token => Judge(await probe.PermissionsAsync(token)), cancellationToken));
        checks.Add(await ShardChecks.AskAsync(
            Clock, async token => Judge(await probe.ClockAheadAsync(TimeProvider.System, token)), cancellationToken));
    }

    internal static Check Judge(IReadOnlyList<Permission> permissions)
    {
        var denied = permissions.Where(p => p.Allowed == false).ToList();
        var unknown = permissions.Where(p => p.Allowed is null).ToList();
        if (denied.Count > 0)
        {
            // A warning only: a policy that allows by tag rightly denies for an instance that has no tags.
            return Check.Warning(
                Permissions,
                $"refused in a dry run, for an instance that does not exist: {Names(denied)}. If the policy allows by "
                + "tag (aws:ResourceTag/nstance:cluster-id), that is as it should be; else allow them "
                + "(Stop, Start and tags are for --quarantine alone)");
        }

        return unknown.Count == 0
            ? Check.Ok(Permissions, $"allowed: {Names(permissions)}")
            : Check.Warning(
                Permissions, $"cannot tell about {Names(unknown)}: {Failure.FirstLine(unknown[0].Why ?? "")}");
    }

    internal static Check Judge(TimeSpan? ahead)
    {
        if (ahead is not { } skew)
        {
            return Check.Warning(
                Clock, "the bucket's endpoint gave no time: compare this machine's clock by hand (timedatectl)");
        }

        var size = TimeSpan.FromSeconds(Math.Round(skew.Duration().TotalSeconds));
        var side = skew > TimeSpan.Zero ? "ahead of" : "behind";
        var clock = $"this machine's clock is {DurationText.Format(size)} {side} the bucket's";
        return skew.Duration() >= MaxSkew
            ? Check.Failed(Clock, $"{clock}: switch time synchronization on (timedatectl set-ntp true)")
            : skew.Duration() >= MaxQuietSkew
                ? Check.Warning(Clock, $"{clock}: look at its time synchronization (timedatectl)")
                : Check.Ok(Clock, "agrees with the bucket's endpoint");
    }

    private static string Names(IEnumerable<Permission> permissions) =>
        string.Join(", ", permissions.Select(p => p.Action));
}
