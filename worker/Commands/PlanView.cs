using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The plan that waits for a decision, with its instances from the bucket.</summary>
internal static class PlanView
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    public static async Task<ShownPlan> ReadAsync(
        IConnections connections, GcStatus status, CancellationToken cancellationToken)
    {
        if (status.Pending is not { } pending) return new(status, null, null, ExitCode.Done);
        try
        {
            var bytes = await connections.Plans(CallTimeout).GetAsync(status.Shard, pending.Hash, cancellationToken);
            if (bytes is not null && Plan.Read(bytes, pending.Hash) is { } plan)
                return new(status, plan, null, ExitCode.Done);
            var fate = bytes is null ? "is not in the bucket any more" : "was changed in the bucket";
            return new(
                status, null, $"plan {pending.Id} {fate}: nothing of it will be done; reject it", ExitCode.Failed);
        }
        catch (CloudException e)
        {
            return new(
                status, null, $"the instances of plan {pending.Id} could not be read: {Failure.FirstLine(e.Message)}",
                ExitCode.Unreachable);
        }
    }
}
