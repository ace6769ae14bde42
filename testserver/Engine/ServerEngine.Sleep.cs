using Nstance.Temporal.TestServer.Clock;

namespace Nstance.Temporal.TestServer.Engine;

internal sealed partial class ServerEngine
{
    /// <summary>
    /// Sleeps in the server's time, for as long as that takes.
    /// Meanwhile <paramref name="unlocks"/> locks are given back.
    /// </summary>
    public async Task SleepAsync(Func<VirtualClock, DateTimeOffset> until, int unlocks, CancellationToken cancellation)
    {
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Alarm alarm;
        var sleeping = true;
        void Rise()
        {
            // Inside the lock: the sleeper's locks are back before time can go further.
            if (!sleeping)
                return;
            sleeping = false;
            Clock.Locks += unlocks;
            Clock.Sleepers -= unlocks;
            woken.TrySetResult();
        }
        using (Enter())
        {
            Clock.Locks -= unlocks;
            Clock.Sleepers += unlocks;
            alarm = Clock.Add(until(Clock), Rise);
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Stopping.Token);
        try
        {
            await woken.Task.WaitAsync(end.Token);
        }
        finally
        {
            using (Enter())
            {
                alarm.Cancel();
                Rise();
            }
        }
    }
}
