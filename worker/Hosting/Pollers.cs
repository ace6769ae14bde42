using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The workers that poll the shared queue. The server lists each for five minutes after a poll.</summary>
/// <param name="Live">How many polled a short time ago.</param>
/// <param name="LastPoll">The last poll of any; null: none in five minutes.</param>
internal sealed record Pollers(int Live, DateTimeOffset? LastPoll)
{
    private const int MaxTries = 10;

    /// <summary>A poll lasts at most 70 seconds, and this machine's clock may differ from the server's.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Why nothing is answered, and what to do.</summary>
    public string Why => (LastPoll is { } last
        ? $"no worker has polled {Names.TaskQueue} since {last.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}"
        : $"no worker has polled {Names.TaskQueue} in the last 5 minutes") + ": start one with nstance-gc run";

    /// <summary>
    /// Asks until a worker polls, for a few seconds: one that has just started polls soon. Null: this identity may not
    /// ask.
    /// </summary>
    public static async Task<Pollers?> WaitAsync(TemporalClient client, RpcOptions rpc)
    {
        try
        {
            for (var tries = 1; ; tries++)
            {
                var pollers = await AskAsync(client, rpc);
                if (pollers.LastPoll is not null || tries == MaxTries) return pollers;
                await Task.Delay(Pause, rpc.CancellationToken ?? CancellationToken.None);
            }
        }
        catch (RpcException e) when (e.Code
            is RpcException.StatusCode.PermissionDenied or RpcException.StatusCode.Unimplemented)
        {
            return null;
        }
    }

    public static async Task<Pollers> AskAsync(TemporalClient client, RpcOptions rpc)
    {
        var seen = await ListAsync(client, Names.TaskQueue, TaskQueueType.Workflow, rpc);
        return Of(seen.Select(poller => poller.At), DateTimeOffset.UtcNow);
    }

    /// <summary>Lists who polled a queue, and when last.</summary>
    public static async Task<IEnumerable<(string Identity, DateTimeOffset At)>> ListAsync(
        ITemporalClient client, string queue, TaskQueueType type, RpcOptions rpc)
    {
        var answer = await client.WorkflowService.DescribeTaskQueueAsync(
            new() { Namespace = client.Options.Namespace, TaskQueue = new() { Name = queue }, TaskQueueType = type },
            rpc);
        return answer.Pollers.Where(poller => poller.LastAccessTime is not null)
            .Select(poller => (poller.Identity, poller.LastAccessTime.ToDateTimeOffset()));
    }

    public static Pollers Of(IEnumerable<DateTimeOffset> polls, DateTimeOffset now)
    {
        DateTimeOffset[] all = [.. polls];
        return new(all.Count(at => at > now - MaxAge), all.Length == 0 ? null : all.Max());
    }
}
