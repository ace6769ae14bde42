using System.Collections.Concurrent;
using Amazon.EC2;
using Amazon.EC2.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Asks EC2 which instances must not be ended; it can be asked of one at a time only.</summary>
internal sealed class TerminationProtection(IAmazonEC2 client, AwsCall aws)
{
    public const string Why = "termination protection is on at the cloud";

    private const int MaxParallel = 8;

    private readonly ConcurrentDictionary<string, TerminateResult> _results = new();

    /// <returns>The protected ones, and those of which it could not be asked.</returns>
    public async Task<ConcurrentDictionary<string, TerminateResult>> RunAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(ids.Distinct(), options, async (id, ct) => await AskAsync(id, ct));
        return _results;
    }

    private async Task AskAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            var request = new DescribeInstanceAttributeRequest(id, InstanceAttributeName.DisableApiTermination);
            var answer = await aws.RunAsync(
                "DescribeInstanceAttribute", ct => client.DescribeInstanceAttributeAsync(request, ct), cancellationToken);
            if (answer.InstanceAttribute?.DisableApiTermination is not { } isProtected)
                _results[id] = new(TerminateOutcome.Failed, "the cloud did not say whether it is protected");
            else if (isProtected)
                _results[id] = new(TerminateOutcome.Protected, Why);
        }
        catch (CloudException e)
        {
            _results[id] = new(TerminateOutcome.Failed, e.Message);
        }
    }
}
