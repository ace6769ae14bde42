using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc run</c>: the worker, until it is told to stop.</summary>
internal static class RunCommand
{
    private const string Help = """
        Run the worker on this host until SIGTERM or SIGINT. Everything is checked first.
          nstance-gc run --cluster prod --shard us-west-2a --bucket prod-nstance \
              --shared-database-path /var/lib/nstance/server.db
        """;

    public static Command Make(CommandLine line)
    {
        var skip = new Option<bool>("--skip-checks") { Description = "Do not look at AWS and the database before starting" };
        var settings = Settings.All.Where(setting => setting.Use is SettingUse.Shard or SettingUse.Worker);
        var command = line.Make("run", Help, settings, invocation => RunAsync(invocation, skip));
        command.Add(skip);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, Option<bool> skip)
    {
        var options = invocation.Read();
        var client = await Preflight.ForRunAsync(invocation, options, invocation.Parsed.GetValue(skip));
        using var host = Build(invocation, options, client);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        ProcessRuntime.LogTo(loggers.CreateLogger("Temporalio.Core"));
        var log = loggers.CreateLogger("Nstance.Temporal");
        await EnsureAttributesAsync(client, log, invocation.CancellationToken);
        LogStart(log, options, client);
        var workers = host.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        try
        {
            // Comes back when the token is cancelled and the workers have drained, and also when a worker fails for good.
            await host.RunAsync(invocation.CancellationToken);
            ThrowIfFailed(workers);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new CommandException(
                ExitCode.BadInput, $"--health-address: {options.HealthAddress} is taken by another process: give another port, 0 for any, or off", e);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new CommandException(ExitCode.BadInput, $"--health-address: cannot listen on {options.HealthAddress}: {e.Message}", e);
        }
        catch (OperationCanceledException) when (invocation.CancellationToken.IsCancellationRequested)
        {
            // Asked to stop while it was still starting: that too is an end as wanted.
        }
        finally
        {
            ProcessRuntime.LogTo(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        }

        Logs.WorkerStopped(log, options.HostName);
        return ExitCode.Done;
    }

    /// <summary>The host logs a worker's failure, stops, and says that all is well: whoever started us must be told otherwise.</summary>
    private static void ThrowIfFailed(IEnumerable<BackgroundService> workers)
    {
        if (workers.Select(worker => worker.ExecuteTask?.Exception?.InnerException).FirstOrDefault(e => e is not null) is not { } failure) return;
        var status = ConnectFault.Status(failure.Message);
        throw status is { } refused && ConnectFault.IsRefusal(refused.Code)
            ? new CommandException(ExitCode.BadInput, $"the worker ended: Temporal {ConnectFault.Refusal(refused.Message)}", failure)
            : new CommandException(ExitCode.Failed, $"the worker ended: {status?.Message ?? TemporalConnector.FirstLine(failure.Message)}", failure);
    }

    private static IHost Build(Invocation invocation, GcOptions options, TemporalClient client)
    {
        if (options.HealthAddress == "off")
        {
            var plain = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
            Configure(plain, invocation, options, client);
            return plain.Build();
        }

        var web = WebApplication.CreateEmptyBuilder(new());
        HealthEndpoints.Listen(web, IPEndPoint.Parse(options.HealthAddress));
        Configure(web, invocation, options, client);
        var application = web.Build();
        HealthEndpoints.Map(application);
        return application;
    }

    private static void Configure(
        IHostApplicationBuilder builder, Invocation invocation, GcOptions options, TemporalClient client)
    {
        builder.Configuration.AddEnvironmentVariables();
        if (Layer.FileAt(invocation.ConfigFile) is { } file)
        {
            builder.Configuration.AddJsonFile(file);
        }

        HostLog.Configure(builder.Logging, options.LogFormat, invocation.Verbose, builder.Configuration);
        builder.Services.AddSingleton<ITemporalClient>(client);
        builder.Services.AddNstanceGc(options);
        Telemetry.Add(builder.Services, options);
    }

    private static async Task EnsureAttributesAsync(TemporalClient client, ILogger log, CancellationToken cancellationToken)
    {
        try
        {
            var added = await SearchAttributes.EnsureAsync(client, new() { CancellationToken = cancellationToken });
            if (added.Count > 0)
            {
                Logs.SearchAttributesAdded(log, client.Options.Namespace, string.Join(", ", added));
            }
        }
        catch (RpcException e)
        {
            // Temporal Cloud, or an identity that may not: somebody else has registered them, or the workflows will say so.
            Logs.SearchAttributesNotAdded(log, client.Options.Namespace, TemporalConnector.FirstLine(e.Message));
        }
    }

    private static void LogStart(ILogger log, GcOptions options, TemporalClient client)
    {
        if (options.SharedDatabasePath is { } path)
        {
            Logs.SharedDatabase(log, options.Cluster!, options.Shard!, path);
        }

        Logs.OwnDatabases(log, options.DataDirectory);
        Logs.WorkerStarting(
            log,
            options.HostName,
            Names.TaskQueue,
            Names.HostTaskQueue(options.HostName),
            client.Options.Namespace,
            client.Connection.Options.TargetHost ?? "");
    }
}
