using System.Collections.Concurrent;
using Amazon.EC2;
using Amazon.EC2.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Asks EC2 for the termination protection of instances. EC2 answers for one instance at a time.</summary>
internal sealed class TerminationProtection(IAmazonEC2 client, AwsCall aws)
{
    public const string Why = "termination protection is on at the cloud";

    private const int MaxParallel = 8;

    /// <returns>The protected instances, and those whose protection EC2 did not tell.</returns>
    public async Task<ConcurrentDictionary<string, TerminateResult>> RunAsync(
        IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var results = new ConcurrentDictionary<string, TerminateResult>();
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = MaxParallel,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(ids.Distinct(), options, async (id, ct) =>
        {
            if (await AskAsync(id, ct) is { } result) results[id] = result;
        });
        return results;
    }

    private async Task<TerminateResult?> AskAsync(string id, CancellationToken cancellationToken)
    {
        var request = new DescribeInstanceAttributeRequest(id, InstanceAttributeName.DisableApiTermination);
        try
        {
            var answer = await aws.RunAsync(
                "DescribeInstanceAttribute",
                ct => client.DescribeInstanceAttributeAsync(request, ct), cancellationToken);
            return answer.InstanceAttribute?.DisableApiTermination switch
            {
                null => new(TerminateOutcome.Failed, "the cloud did not say whether it is protected"),
                true => new(TerminateOutcome.Protected, Why),
                false => null,
            };
        }
        catch (CloudException e)
        {
            return new(TerminateOutcome.Failed, e.Message);
        }
    }
}
