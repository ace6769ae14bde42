using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Commands against a server that is there, with nothing on it.</summary>
public sealed class TemporalTests : IAsyncLifetime
{
    private CommandServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await CommandServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("status")]
    [InlineData("cycle")]
    [InlineData("resume")]
    [InlineData("pause --reason x")]
    public async Task Run_NoCollector_SaysSoAndWhatToDo(string command)
    {
        var cli = await RunAsync($"{command} --cluster c --shard s");

        Assert.Equal(["nstance-gc: no collector runs for c/s: nstance-gc init sets one up"], cli.Errors);
        Assert.Equal((ExitCode.NotFound, ""), (cli.Code, cli.Output));
    }

    [Fact]
    public async Task ScheduleCreate_NoSuchNamespace_SaysSo()
    {
        var cli = await RunAsync("schedule create --cluster c --shard s --bucket bbb --skip-checks", "nowhere");

        Assert.Equal(
            [
                "nstance-gc: Temporal: Namespace nowhere is not found: check --namespace or TEMPORAL_NAMESPACE, or "
                    + "make it: temporal operator namespace create --namespace nowhere --retention 3d",
            ],
            cli.Errors);
        Assert.Equal(ExitCode.NotFound, cli.Code);
    }

    [Fact]
    public async Task Run_SharedDatabaseIsMissing_ExitsBeforeAnythingStarts()
    {
        var cli = await RunAsync("run --cluster c --shard s --shared-database-path /none/server.db");

        Assert.Equal(
            [
                "nstance-gc: database /none/server.db does not exist: start nstance's server on this host, or correct "
                    + "the path",
            ],
            cli.Errors);
        Assert.Equal(ExitCode.BadInput, cli.Code);
    }

    [Fact]
    public async Task Doctor_ManyFaults_ReportsAll()
    {
        var cli = await RunAsync(
            "doctor --cluster Prod --shard s --interval soon --data-directory /dev/null/x --output json", "nowhere");

        Assert.Equal(ExitCode.BadInput, cli.Code);
        Assert.False(cli.Json.GetProperty("ok").GetBoolean());
        var checks = cli.Json.GetProperty("checks").EnumerateArray()
            .Select(c => (Name: c.GetProperty("name").GetString(), State: c.GetProperty("state").GetString()));
        Assert.Equal(
            [
                ("settings", "failed"), ("settings", "failed"), ("settings", "failed"),
                ("temporal", "ok"), ("namespace", "failed"), ("search attributes", "skipped"),
                ("workers", "skipped"), ("bucket", "skipped"), ("database", "failed"), ("aws identity", "skipped"),
            ],
            checks);
    }

    private Task<Cli> RunAsync(string line, string? ns = null) =>
        Cli.RunAsync([.. line.Split(' '), "--address", _server.TargetHost, "--namespace", ns ?? _server.Namespace]);
}
