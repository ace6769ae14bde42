using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.TestService.V1;

namespace Nstance.Temporal.TestServer.Clock;

/// <summary>TestService: locks, sleeps and the server's time.</summary>
internal sealed class TimeRpcs
{
    private readonly ServerEngine _engine;

    public TimeRpcs(ServerEngine engine)
    {
        _engine = engine;
        var rpc = engine.Rpc;
        rpc.Add<LockTimeSkippingRequest, LockTimeSkippingResponse>("TestService/LockTimeSkipping", _ =>
        {
            Lock(1);
            return new();
        });
        rpc.Add<UnlockTimeSkippingRequest, UnlockTimeSkippingResponse>("TestService/UnlockTimeSkipping", _ =>
        {
            Lock(-1);
            return new();
        });
        rpc.Add<SleepRequest, SleepResponse>(
            "TestService/Sleep", (request, call) => Sleep(clock => clock.Now + request.Duration.ToTimeSpan(), 0, call));
        rpc.Add<SleepUntilRequest, SleepResponse>(
            "TestService/SleepUntil", (request, call) => Sleep(_ => request.Timestamp.ToDateTimeOffset(), 0, call));
        rpc.Add<SleepRequest, SleepResponse>(
            "TestService/UnlockTimeSkippingWithSleep",
            (request, call) => Sleep(clock => clock.Now + request.Duration.ToTimeSpan(), 1, call));
        rpc.Add<Empty, GetCurrentTimeResponse>("TestService/GetCurrentTime", _ =>
        {
            using (engine.Enter())
                return new() { Time = Timestamp.FromDateTimeOffset(engine.Clock.Now) };
        });
    }

    private void Lock(int change)
    {
        using var _ = _engine.Enter();
        _engine.Clock.Locks += change;
    }

    /// <summary>Sleeps in the server's time; <paramref name="unlocks"/> locks are given back meanwhile.</summary>
    private async Task<SleepResponse> Sleep(Func<VirtualClock, DateTimeOffset> until, int unlocks, RpcCall call)
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
            _engine.Clock.Locks += unlocks;
            _engine.Clock.Sleepers -= unlocks;
            woken.TrySetResult();
        }
        using (_engine.Enter())
        {
            _engine.Clock.Locks -= unlocks;
            _engine.Clock.Sleepers += unlocks;
            alarm = _engine.Clock.Add(until(_engine.Clock), Rise);
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, _engine.Stopping.Token);
        try
        {
            await woken.Task.WaitAsync(end.Token);
        }
        finally
        {
            using (_engine.Enter())
            {
                alarm.Cancel();
                Rise();
            }
        }
        return new();
    }
}
