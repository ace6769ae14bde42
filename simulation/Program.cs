using Nstance.Temporal.Simulation.Demo;

return await DemoCommand.InvokeAsync(args, Console.Out, Console.Error);
