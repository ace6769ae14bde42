using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Nstance.Temporal.Tests.Support;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>A broken client never stops the server, and never takes a task away from those that work.</summary>
public sealed class BrokenClientTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private readonly string _id = "broken-" + Guid.NewGuid();

    [Fact]
    public async Task Port_GarbageAndHalfOpenStreams_OthersAreServed()
    {
        var noise = new byte[4_096];
        new Random(1).NextBytes(noise);
        var left = new List<TcpClient>();
        var get = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n");
        foreach (var bytes in new[] { noise, Preface, [.. Preface, .. noise], get, [] })
            left.Add(await SendAsync(bytes));
        await GreetAsync();
        left.ForEach(each => each.Dispose());
        await GreetAsync();
    }

    [Fact]
    public async Task Poll_CancelledWhileItWaits_TaskGoesToTheNextWorker()
    {
        for (var i = 0; i < 20; i++)
        {
            using var end = new CancellationTokenSource();
            var poll = server.Client.Connection.WorkflowService.PollWorkflowTaskQueueAsync(
                new() { Namespace = "default", TaskQueue = new() { Name = _id }, Identity = "quitter" },
                new() { CancellationToken = end.Token, Retry = false });
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => poll);
        }
        var watch = Stopwatch.StartNew();
        await GreetAsync();
        // A task lost to an abandoned poll would return only after its timeout of ten seconds.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task Worker_TakesTaskAndDies_TaskTimesOutAndNextOneSucceeds()
    {
        var handle = await server.Client.StartWorkflowAsync(
            (GreetingWorkflow w) => w.RunAsync("you"), new(_id, _id) { TaskTimeout = TimeSpan.FromSeconds(1) });
        var service = server.Client.Connection.WorkflowService;
        var taken = await service.PollWorkflowTaskQueueAsync(
            new() { Namespace = "default", TaskQueue = new() { Name = _id }, Identity = "dead" });
        using var worker = server.Worker(_id);
        Assert.Equal("Hello, you", await worker.ExecuteAsync(() => handle.GetResultAsync()));
        var late = await Assert.ThrowsAsync<RpcException>(() => service.RespondWorkflowTaskCompletedAsync(
            new() { Namespace = "default", TaskToken = taken.TaskToken }));
        Assert.Equal(RpcException.StatusCode.NotFound, late.Code);
    }

    [Fact]
    public async Task Executable_PortInUse_OneLineAndNonZeroExit()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString();
        using var process = Process.Start(new ProcessStartInfo(TestEnvironments.ServerPath, port)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(1, process.ExitCode);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(port, error, StringComparison.Ordinal);
        Assert.Contains("in use", error, StringComparison.Ordinal);
    }

    private async Task<TcpClient> SendAsync(byte[] bytes)
    {
        var target = server.Client.Connection.Options.TargetHost!.Split(':');
        var client = new TcpClient();
        await client.ConnectAsync(target[0], int.Parse(target[1]));
        await client.GetStream().WriteAsync(bytes);
        return client;
    }

    private async Task GreetAsync()
    {
        using var worker = server.Worker(_id);
        Assert.Equal("Hello, you", await worker.ExecuteAsync(() => server.Client.ExecuteWorkflowAsync(
            (GreetingWorkflow w) => w.RunAsync("you"), new($"{_id}-{Guid.NewGuid()}", _id))));
    }
}
