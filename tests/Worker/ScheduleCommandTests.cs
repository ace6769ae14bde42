using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

public sealed class ScheduleCommandTests : IAsyncLifetime
{
    private CommandServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await CommandServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Create_Once_RegistersAttributesAndShowsWhatWasGiven()
    {
        var created = await RunAsync("create --bucket bbb --skip-checks --interval 2s --limits off --dry-run --paused");
        Assert.Equal(ExitCode.Done, created.Code);
        Assert.Equal("nstance-gc/c/s", created.Json.GetProperty("scheduleId").GetString());
        Assert.Equal(5, created.Json.GetProperty("searchAttributesAdded").GetArrayLength());

        var shown = await RunAsync("show");
        Assert.Equal(ExitCode.Done, shown.Code);
        Assert.True(shown.Json.GetProperty("paused").GetBoolean());
        Assert.Equal("10m", shown.Json.GetProperty("every").GetString());
        var settings = shown.Json.GetProperty("input").GetProperty("settings");
        Assert.Equal(
            ("2s", true, false),
            (settings.GetProperty("interval").GetString(),
                settings.GetProperty("dryRun").GetBoolean(),
                settings.GetProperty("limits").GetProperty("enabled").GetBoolean()));
    }

    [Fact]
    public async Task Create_Twice_IsRefusedUnlessReplaced()
    {
        Assert.Equal(ExitCode.Done, (await RunAsync("create --bucket bbb --skip-checks --interval 2s --paused")).Code);

        var same = await RunAsync("create --bucket bbb --skip-checks --interval 2s --paused");
        Assert.Equal((ExitCode.Done, false), (same.Code, same.Json.GetProperty("replaced").GetBoolean()));

        var second = await RunAsync("create --bucket bbb --skip-checks --interval 5s --paused");
        Assert.Equal(ExitCode.Refused, second.Code);
        Assert.Equal(
            [
                "nstance-gc: there is a schedule for c/s with other settings; nothing was changed",
                "nstance-gc: --interval: 2s -> 5s",
                "nstance-gc: to set them, add --replace; a setting that is not named is kept",
            ],
            second.Errors);

        Assert.Equal(
            ExitCode.Done, (await RunAsync("create --bucket bbb --skip-checks --interval 5s --paused --replace")).Code);
        var shown = await RunAsync("show");
        Assert.Equal("5s", shown.Json.GetProperty("input").GetProperty("settings").GetProperty("interval").GetString());
    }

    [Fact]
    public async Task Schedule_PauseResumeTriggerDelete_DoWhatTheySay()
    {
        Assert.Equal(ExitCode.Done, (await RunAsync("create --bucket bbb --skip-checks")).Code);
        Assert.Equal(ExitCode.Done, (await RunAsync("pause --reason maintenance")).Code);
        var paused = (await RunAsync("show")).Json;
        Assert.Equal(
            (true, "maintenance"), (paused.GetProperty("paused").GetBoolean(), paused.GetProperty("note").GetString()));

        Assert.Equal(ExitCode.Done, (await RunAsync("resume")).Code);
        Assert.False((await RunAsync("show")).Json.GetProperty("paused").GetBoolean());
        Assert.Equal("triggered", (await RunAsync("trigger")).Json.GetProperty("done").GetString());
        Assert.Equal("deleted", (await RunAsync("delete")).Json.GetProperty("done").GetString());

        var gone = await RunAsync("show");
        Assert.Equal(ExitCode.NotFound, gone.Code);
        Assert.Equal(
            [$"nstance-gc: no schedule nstance-gc/c/s in namespace {_server.Namespace}: nstance-gc init sets one up"],
            gone.Errors);
    }

    private Task<Cli> RunAsync(string line) => Cli.RunAsync(
        [.. $"schedule {line}".Split(' '), "--cluster", "c", "--shard", "s", .. _server.Args, "--output", "json"]);
}
