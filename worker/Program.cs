using System.Runtime.InteropServices;
using Nstance.Temporal.Worker;

using var stop = new CancellationTokenSource();

// The first signal asks for a graceful end; a second one ends the process as the system would.
void Stop(PosixSignalContext context)
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
// The AWS SDK fails on an endpoint without a value. Only the process itself may change its environment.
foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>())
{
    if (name.StartsWith("AWS_ENDPOINT_URL", StringComparison.Ordinal) && Environment.GetEnvironmentVariable(name) == "")
        Environment.SetEnvironmentVariable(name, null);
}

return await NstanceGc.RunAsync(args, Console.Out, Console.Error, stop.Token);
