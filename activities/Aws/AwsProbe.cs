using Amazon.EC2.Model;
using Amazon.SecurityToken.Model;
using Nstance.Temporal.Activities.Ports;
using Tag = Amazon.EC2.Model.Tag;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>May an action be done?</summary>
/// <param name="Action">As IAM names it, such as <c>ec2:TerminateInstances</c>.</param>
/// <param name="Allowed">Null: the cloud did not say.</param>
/// <param name="Why">What it said instead of yes.</param>
internal sealed record Permission(string Action, bool? Allowed, string? Why);

/// <summary>
/// Asks AWS who we are, what we may do, and what time it is. Changes nothing: every action is asked as a dry run, and for an
/// instance that cannot exist, because an endpoint that knows no dry run would do it.
/// </summary>
internal sealed class AwsProbe(AwsConnections connections, string? region, TimeSpan timeout)
{
    /// <summary>No instance has it: real ones are random, and EC2 answers that it does not exist.</summary>
    public const string NoInstance = "i-00000000000000000";

    private static readonly Tag ProbeTag = new(CloudTags.GcQuarantined, "dry-run");

    /// <summary>The ARN of our identity; null: the endpoint has no token service.</summary>
    /// <exception cref="CloudException">AWS refused us, or did not answer.</exception>
    public async Task<string?> IdentityAsync(CancellationToken cancellationToken)
    {
        if (connections.TokenService(region, timeout) is not { } service) return null;
        using var client = service.Client;
        var answer = await service.Aws.RunAsync(
            "GetCallerIdentity", ct => client.GetCallerIdentityAsync(new GetCallerIdentityRequest(), ct), cancellationToken);
        return answer.Arn;
    }

    /// <summary>What a cycle needs, and what <c>--quarantine</c> needs besides.</summary>
    public async Task<IReadOnlyList<Permission>> PermissionsAsync(CancellationToken cancellationToken)
    {
        var (ec2, aws) = connections.Ec2(region, timeout);
        (string Action, Func<CancellationToken, Task> Call)[] asked =
        [
            ("TerminateInstances", ct => ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [NoInstance], DryRun = true }, ct)),
            ("StopInstances", ct => ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [NoInstance], DryRun = true }, ct)),
            ("StartInstances", ct => ec2.StartInstancesAsync(new StartInstancesRequest { InstanceIds = [NoInstance], DryRun = true }, ct)),
            ("CreateTags", ct => ec2.CreateTagsAsync(new CreateTagsRequest { Resources = [NoInstance], Tags = [ProbeTag], DryRun = true }, ct)),
            ("DeleteTags", ct => ec2.DeleteTagsAsync(new DeleteTagsRequest { Resources = [NoInstance], Tags = [ProbeTag], DryRun = true }, ct)),
        ];
        var answers = new List<Permission>();
        foreach (var (action, call) in asked) answers.Add(await AskAsync(aws, action, call, cancellationToken));
        return answers;
    }

    /// <summary>How far this machine's clock is ahead of the bucket's endpoint; null: it gave no time.</summary>
    public async Task<TimeSpan?> ClockAheadAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = timeout };
        var before = clock.GetUtcNow();
        using var request = new HttpRequestMessage(HttpMethod.Head, connections.BucketEndpoint);
        try
        {
            // Refused or not, every answer bears the time.
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var now = before + ((clock.GetUtcNow() - before) / 2);
            return answer.Headers.Date is { } date ? now - date : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<Permission> AskAsync(
        AwsCall aws, string action, Func<CancellationToken, Task> call, CancellationToken cancellationToken)
    {
        var name = $"ec2:{action}";
        try
        {
            await aws.RunAsync(action, async ct =>
            {
                await call(ct);
                return true;
            }, cancellationToken);
            return new(name, null, "the endpoint knows no dry run");
        }
        catch (CloudException e) when (e.Code == "DryRunOperation" || e.Fault == CloudFault.Gone || e.Code == "InvalidID")
        {
            // It looked for the instance: so we are allowed to.
            return new(name, true, null);
        }
        catch (CloudException e)
        {
            return new(name, e.Fault == CloudFault.Denied ? false : null, e.Message);
        }
    }
}
