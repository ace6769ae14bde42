using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Demo;

return args is ["chaos", .. var rest]
    ? await ChaosCommand.InvokeAsync(rest, Console.Out, Console.Error)
    : await DemoCommand.InvokeAsync(args, Console.Out, Console.Error);
