using Temporalio.Converters;
using Temporalio.Testing;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>One activity as Temporal calls it: by its clock, and each attempt with the heartbeat of the last.</summary>
internal sealed class ChaosActivity(ChaosWorld world)
{
    private readonly DateTime _scheduled = world.TemporalNow.UtcDateTime;
    private object?[] _beat = [];
    private int _attempts;

    public async Task<T> RunAsync<T>(Func<Task<T>> attempt)
    {
        var environment = new ActivityEnvironment
        {
            Info = ActivityEnvironment.DefaultInfo with
            {
                Attempt = ++_attempts,
                ScheduledTime = _scheduled,
                CurrentAttemptScheduledTime = world.TemporalNow.UtcDateTime,
                StartedTime = world.TemporalNow.UtcDateTime,
                HeartbeatDetails = [.. await DataConverter.Default.ToPayloadsAsync(_beat)],
            },
            Heartbeater = details => _beat = details,
        };
        return await environment.RunAsync(attempt);
    }
}
