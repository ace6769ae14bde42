using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Demo;
using Nstance.Temporal.Simulation.Soak;

return args switch
{
    ["chaos", .. var rest] => await ChaosCommand.InvokeAsync(rest, Console.Out, Console.Error),
    ["cloud", .. var rest] => await CloudCommand.InvokeAsync(rest, Console.Out, Console.Error),
    ["soak", .. var rest] => await SoakCommand.InvokeAsync(rest, Console.Out, Console.Error),
    _ => await DemoCommand.InvokeAsync(args, Console.Out, Console.Error),
};
