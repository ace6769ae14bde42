using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc run</c>: the worker, until a signal stops it.</summary>
internal static class RunCommand
{
    private const string Help = """
        Run the worker on this host until SIGTERM or SIGINT. Everything is checked first.
          nstance-gc run --cluster prod --shard us-west-2a --bucket prod-nstance \
              --shared-database-path /var/cache/nstance/db/nstance.db
        """;

    public static Command Make(CommandLine line)
    {
        var skip = new Option<bool>("--skip-checks")
        {
            Description = "Do not look at AWS and the database before starting",
        };
        var settings = Arguments.Of(Settings.Of(SettingUse.Shard, SettingUse.Host));
        return line.Make("run", Help, [.. settings, skip], invocation => RunAsync(invocation, invocation.Get(skip)));
    }

    private static async Task RunAsync(Invocation invocation, bool skipChecks)
    {
        var options = invocation.Read();
        var token = invocation.CancellationToken;
        var client = await Preflight.PassAsync(
            () => invocation.ConnectAsync(options), options, skipChecks, database: true, token);
        using var host = Build(invocation, options, client);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        ProcessRuntime.LogTo(loggers.CreateLogger("Temporalio.Core"));
        var log = loggers.CreateLogger("Nstance.Temporal");
        await EnsureAttributesAsync(client, log, invocation.Rpc);
        LogStart(log, options, client);
        await WarnWithoutCollectorAsync(client, options, log, token);
        var workers = host.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        try
        {
            // Returns after a cancellation, once the workers have drained, and after a fatal failure of a worker.
            await host.RunAsync(token);
            ThrowIfFailed(workers);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new CommandException(
                ExitCode.Unreachable,
                $"--health-address: {options.HealthAddress} is taken by another process: "
                + "stop it, or give another port, 0 for any, or off",
                e);
        }
        catch (SocketException e)
        {
            throw CommandException.BadInput(
                $"--health-address: cannot listen on {options.HealthAddress}: {e.Message}", e);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // The signal came while the host was starting: a regular end too.
        }
        finally
        {
            ProcessRuntime.LogTo(NullLogger.Instance);
        }

        Logs.WorkerStopped(log, options.HostName);
    }

    /// <summary>Throws if a worker failed: the host only logs that, stops, and reports success.</summary>
    private static void ThrowIfFailed(IEnumerable<BackgroundService> workers)
    {
        var failures = workers.Select(worker => worker.ExecuteTask?.Exception?.InnerException);
        if (failures.FirstOrDefault(e => e is not null) is not { } failure) return;
        var status = ConnectFault.Status(failure.Message);
        throw status is { } refused && ConnectFault.IsRefusal(refused.Code)
            ? CommandException.BadInput(
                $"the worker ended: Temporal {ConnectFault.Refusal(refused.Message)}", failure)
            : new CommandException(
                ExitCode.Failed,
                $"the worker ended: {status?.Message ?? Failure.FirstLine(failure.Message)}",
                failure);
    }

    private static IHost Build(Invocation invocation, GcOptions options, TemporalClient client)
    {
        if (options.HealthAddress == GcOptions.Off)
        {
            var plain = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
            Configure(plain, invocation, options, client);
            return plain.Build();
        }

        var web = WebApplication.CreateEmptyBuilder(new());
        HealthEndpoints.Listen(web, IPEndPoint.Parse(options.HealthAddress), client);
        Configure(web, invocation, options, client);
        var application = web.Build();
        HealthEndpoints.Map(application);
        return application;
    }

    private static void Configure(
        IHostApplicationBuilder builder, Invocation invocation, GcOptions options, TemporalClient client)
    {
        builder.Configuration.AddEnvironmentVariables();
        if (Layer.FileAt(invocation.ConfigFile) is { } file) builder.Configuration.AddJsonFile(file);
        HostLog.Configure(builder.Logging, options.LogFormat, invocation.Verbose, builder.Configuration);
        builder.Services.AddSingleton<ITemporalClient>(client);
        builder.Services.AddNstanceGc(options);
        Telemetry.Add(builder.Services, options);
    }

    private static async Task EnsureAttributesAsync(TemporalClient client, ILogger log, RpcOptions rpc)
    {
        var name = client.Options.Namespace;
        try
        {
            var added = await SearchAttributes.EnsureAsync(client, rpc);
            if (added.Count > 0) Logs.SearchAttributesAdded(log, name, string.Join(", ", added));
        }
        catch (RpcException e)
        {
            // Temporal Cloud, or an identity without the permission: the workflows fail if the attributes are missing.
            Logs.SearchAttributesNotAdded(log, name, Failure.FirstLine(e.Message));
        }
    }

    /// <summary>Warns about a forgotten <c>init</c>, or a server that lost its state.</summary>
    private static async Task WarnWithoutCollectorAsync(
        TemporalClient client, GcOptions options, ILogger log, CancellationToken token)
    {
        if (options.Cluster is null || options.Shard is null) return;
        try
        {
            await new Collector(client, options.Cluster, options.Shard, token).RequireAsync();
        }
        catch (CommandException e) when (e.Code == ExitCode.NotFound)
        {
            Logs.NoCollector(log, string.Join("; ", e.Lines));
        }
        catch (RpcException)
        {
            // The worker's own connection reports it.
        }
    }

    private static void LogStart(ILogger log, GcOptions options, TemporalClient client)
    {
        if (options.SharedDatabasePath is { } path) Logs.SharedDatabase(log, options.Cluster!, options.Shard!, path);
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
