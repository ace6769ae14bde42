using Nstance.Temporal.Benchmarks.Commands;

return await BenchmarkCommand.InvokeAsync(args, Console.Out, Console.Error);
