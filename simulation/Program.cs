using Nstance.Temporal.Simulation;

return await SimulationCommand.InvokeAsync(args, Console.Out, Console.Error);
