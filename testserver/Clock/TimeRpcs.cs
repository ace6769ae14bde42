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
            "TestService/Sleep", (request, call) => Sleep(clock => clock.Now + Length(request), 0, call));
        rpc.Add<SleepUntilRequest, SleepResponse>(
            "TestService/SleepUntil", (request, call) => Sleep(
                clock => request.Timestamp?.ToDateTimeOffset() ?? clock.Now, 0, call));
        rpc.Add<SleepRequest, SleepResponse>(
            "TestService/UnlockTimeSkippingWithSleep",
            (request, call) => Sleep(clock => clock.Now + Length(request), 1, call));
        rpc.Add<Empty, GetCurrentTimeResponse>("TestService/GetCurrentTime", _ =>
        {
            using (engine.Enter())
                return new() { Time = Timestamp.FromDateTimeOffset(engine.Clock.Now) };
        });
    }

    private static TimeSpan Length(SleepRequest request) => request.Duration?.ToTimeSpan() ?? TimeSpan.Zero;

    private void Lock(int change)
    {
        using var _ = _engine.Enter();
        _engine.Clock.Locks += change;
    }

    private async Task<SleepResponse> Sleep(Func<VirtualClock, DateTimeOffset> until, int unlocks, RpcCall call)
    {
        await _engine.SleepAsync(until, unlocks, call.Cancellation);
        return new();
    }
}
