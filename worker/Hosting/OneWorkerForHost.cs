using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Nstance.Temporal.Worker.Options;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// Refuses to start beside another worker with the same host name: phases would run on two databases in turn. The
/// SDK's identity, <c>pid@machine</c>, distinguishes workers. A restarted worker recognizes its predecessor: the same
/// machine, and a process that has ended. A restarted container has the same identity.
/// </summary>
internal sealed class OneWorkerForHost(
    ITemporalClient client, GcOptions options, ILogger<OneWorkerForHost> log) : IHostedService
{
    /// <summary>A worker polls at least this often: a poll lasts up to 60 s.</summary>
    private static readonly TimeSpan MaxPoll = TimeSpan.FromSeconds(65);

    /// <summary>A worker that polled longer ago has ended; the server lists pollers for five minutes.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly string _queue = Names.HostTaskQueue(options.HostName);

    /// <summary>Returns once no other worker is alive on the queue.</summary>
    /// <exception cref="CommandException">Another worker is alive.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var seen = await OthersAsync(cancellationToken);
            if (seen.Count == 0) return;
            if (seen.Keys.FirstOrDefault(IsThisProgram) is { } beside) throw Refusal(beside);
            Logs.AnotherWorkerSeen(log, string.Join(", ", seen.Keys), _queue, MaxPoll.TotalSeconds);
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < MaxPoll;)
            {
                await Task.Delay(Pause, cancellationToken);
                foreach (var (identity, polled) in await OthersAsync(cancellationToken))
                {
                    // The server's own times are compared, so that no clock of ours decides.
                    if (!seen.TryGetValue(identity, out var before) || polled > before) throw Refusal(identity);
                }
            }
        }
        catch (RpcException e)
        {
            // An identity that may not describe queues may still be right for a worker.
            Logs.WorkersNotSeen(log, _queue, Failure.FirstLine(e.Message));
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Identities of other workers that may be alive, and when each polled last.</summary>
    private async Task<Dictionary<string, DateTimeOffset>> OthersAsync(CancellationToken cancellationToken)
    {
        var oldest = DateTimeOffset.UtcNow - MaxAge;
        var seen = await Pollers.ListAsync(
            client, _queue, TaskQueueType.Activity, new() { CancellationToken = cancellationToken });
        return seen
            .Where(poller => poller.Identity != client.Connection.Options.Identity && !IsGone(poller.Identity))
            .Where(poller => poller.At > oldest)
            .ToDictionary(poller => poller.Identity, poller => poller.At);
    }

    private CommandException Refusal(string identity) => CommandException.BadInput(
        $"another worker has the host name {options.HostName}: {identity} polls {_queue}. "
        + "Stop that process, or give this worker another --host-name");

    private bool IsGone(string identity) => PidHere(identity) is { } pid && NameOf(pid) is null;

    /// <summary>
    /// True: a process of this program runs on this machine under that id. Another program may have got the id of a
    /// worker that ended, for example after the machine has started again.
    /// </summary>
    private bool IsThisProgram(string identity) =>
        PidHere(identity) is { } pid && NameOf(pid) == NameOf(Environment.ProcessId);

    /// <summary>The process id in an identity of this machine; null for another machine's, or another form.</summary>
    private int? PidHere(string identity)
    {
        var machine = client.Connection.Options.Identity?.Split('@', 2) is [_, var name] ? name : null;
        return identity.Split('@', 2) is [var pid, var other] && other == machine && int.TryParse(pid, out var id)
            ? id : null;
    }

    /// <summary>Returns the name of a process; null if it has ended.</summary>
    private static string? NameOf(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.ProcessName;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
