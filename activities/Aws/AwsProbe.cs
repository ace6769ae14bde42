using Amazon.EC2.Model;
using Amazon.SecurityToken.Model;
using Tag = Amazon.EC2.Model.Tag;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Whether the identity has a permission.</summary>
/// <param name="Action">The action as IAM names it, such as <c>ec2:TerminateInstances</c>.</param>
/// <param name="Allowed">Null: the cloud did not say.</param>
/// <param name="Why">The cloud's answer; null when the action is allowed.</param>
internal sealed record Permission(string Action, bool? Allowed, string? Why);

/// <summary>
/// Asks AWS for our identity, our permissions and the time. Each action is a dry run on an instance that cannot exist,
/// because some endpoints ignore the dry-run flag.
/// </summary>
internal sealed class AwsProbe(AwsConnections connections, string? region, TimeSpan timeout)
{
    /// <summary>An id that no instance has: EC2's ids are random.</summary>
    public const string NoInstance = "i-00000000000000000";

    private static readonly Tag ProbeTag = new(CloudTags.GcQuarantined, "dry-run");

    /// <summary>Returns the ARN of our identity; null: the endpoint has no token service.</summary>
    /// <exception cref="CloudException">AWS refused the call or did not answer.</exception>
    public async Task<string?> IdentityAsync(CancellationToken ct)
    {
        if (connections.TokenService(region, timeout) is not { } service) return null;
        using var client = service.Client;
        return (await service.Aws.RunAsync(client.GetCallerIdentityAsync, new GetCallerIdentityRequest(), ct)).Arn;
    }

    /// <summary>Returns the permissions that a cycle needs, and those that <c>--quarantine</c> needs too.</summary>
    public async Task<IReadOnlyList<Permission>> PermissionsAsync(CancellationToken ct)
    {
        var (ec2, aws) = connections.Ec2(region, timeout);
        var terminate = new TerminateInstancesRequest { InstanceIds = [NoInstance], DryRun = true };
        var stop = new StopInstancesRequest { InstanceIds = [NoInstance], DryRun = true };
        var start = new StartInstancesRequest { InstanceIds = [NoInstance], DryRun = true };
        var tag = new CreateTagsRequest { Resources = [NoInstance], Tags = [ProbeTag], DryRun = true };
        var untag = new DeleteTagsRequest { Resources = [NoInstance], Tags = [ProbeTag], DryRun = true };
        return
        [
            await AskAsync("ec2:TerminateInstances", () => aws.RunAsync(ec2.TerminateInstancesAsync, terminate, ct)),
            await AskAsync("ec2:StopInstances", () => aws.RunAsync(ec2.StopInstancesAsync, stop, ct)),
            await AskAsync("ec2:StartInstances", () => aws.RunAsync(ec2.StartInstancesAsync, start, ct)),
            await AskAsync("ec2:CreateTags", () => aws.RunAsync(ec2.CreateTagsAsync, tag, ct)),
            await AskAsync("ec2:DeleteTags", () => aws.RunAsync(ec2.DeleteTagsAsync, untag, ct)),
        ];

        static async Task<Permission> AskAsync(string action, Func<Task> call)
        {
            try
            {
                await call();
                return new(action, null, "the endpoint knows no dry run");
            }
            catch (CloudException e) when (e.Code is "DryRunOperation" or "InvalidID" || e.Fault == CloudFault.Gone)
            {
                // EC2 checks permissions before it looks for the instance.
                return new(action, true, null);
            }
            catch (CloudException e)
            {
                return new(action, e.Fault == CloudFault.Denied ? false : null, e.Message);
            }
        }
    }

    /// <summary>Returns how far this clock is ahead of the bucket's endpoint; null if it gives no time.</summary>
    public async Task<TimeSpan?> ClockAheadAsync(TimeProvider clock, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = timeout };
        var before = clock.GetUtcNow();
        using var request = new HttpRequestMessage(HttpMethod.Head, connections.BucketEndpoint);
        try
        {
            // A refusal also has a Date header.
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var now = before + ((clock.GetUtcNow() - before) / 2);
            return answer.Headers.Date is { } date ? now - date : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
