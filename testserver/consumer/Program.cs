using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Worker;

// What README shows first, from the package: a workflow that sleeps for thirty days ends within seconds.
await using var env = await EmbeddedWorkflowEnvironment.StartAsync();
using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions("queue").AddWorkflow<SleepyWorkflow>());
var slept = await worker.ExecuteAsync(() =>
    env.Client.ExecuteWorkflowAsync((SleepyWorkflow w) => w.RunAsync(), new("my-id", "queue")));
Console.WriteLine($"slept for {slept.TotalDays:0} days");
return slept >= TimeSpan.FromDays(30) ? 0 : 1;
