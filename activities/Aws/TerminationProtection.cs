using System.Collections.Concurrent;
using Amazon.EC2;
using Amazon.EC2.Model;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Asks EC2 whether instances are protected. <c>disableApiTermination</c> forbids a termination, <c>disableApiStop</c>
/// a stop and a termination. One call for each instance and attribute.
/// </summary>
internal sealed class TerminationProtection(IAmazonEC2 client, AwsCall aws)
{
    public const string Why = "termination protection is on at the cloud";
    public const string WhyStop = "stop protection is on at the cloud";

    private const int MaxParallel = 8;

    public static string WhyOf(CloudException refused) =>
        (refused.Detail ?? refused.Message).Contains("disableApiStop", StringComparison.OrdinalIgnoreCase)
            ? WhyStop
            : Why;

    /// <returns>The protected instances, and those of unknown protection.</returns>
    public async Task<ConcurrentDictionary<string, TerminateResult>> RunAsync(
        IEnumerable<string> ids, CancellationToken ct)
    {
        var results = new ConcurrentDictionary<string, TerminateResult>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = ct };
        await Parallel.ForEachAsync(ids.Distinct(), options, async (id, token) =>
        {
            if (await AskAsync(id, token) is { } result) results[id] = result;
        });
        return results;
    }

    private async Task<TerminateResult?> AskAsync(string id, CancellationToken ct) =>
        await AskAsync(id, InstanceAttributeName.DisableApiTermination, Why, ct)
        ?? await AskAsync(id, InstanceAttributeName.DisableApiStop, WhyStop, ct);

    private async Task<TerminateResult?> AskAsync(
        string id, InstanceAttributeName attribute, string why, CancellationToken ct)
    {
        var request = new DescribeInstanceAttributeRequest(id, attribute);
        try
        {
            var answer = await aws.RunAsync(client.DescribeInstanceAttributeAsync, request, ct);
            var value = attribute == InstanceAttributeName.DisableApiStop
                ? answer.InstanceAttribute?.DisableApiStop
                : answer.InstanceAttribute?.DisableApiTermination;
            return value switch
            {
                null => new(TerminateOutcome.Failed, "the cloud did not say whether it is protected"),
                true => new(TerminateOutcome.Protected, why),
                false => null,
            };
        }
        catch (CloudException e)
        {
            return new(TerminateOutcome.Failed, e.Message);
        }
    }
}
