return await Nstance.Temporal.TestServer.Hosting.CommandLine.RunAsync(args);
