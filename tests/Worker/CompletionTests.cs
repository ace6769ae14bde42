using System.Diagnostics;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("sta", "status")]
    [InlineData("schedule cr", "create")]
    [InlineData("status --clu", "--cluster")]
    public async Task Suggest_BeginningOfAWord_NamesWhatFits(string line, string expected)
    {
        var cli = await Cli.RunAsync($"[suggest:{line.Length}]", line);

        Assert.Equal(ExitCode.Done, cli.Code);
        Assert.Contains(expected, cli.Output.Split('\n', StringSplitOptions.TrimEntries));
    }

    [Fact]
    public async Task Bash_WithTheScript_Completes()
    {
        var script = await Cli.RunAsync("completion", "bash");
        var file = Path.Combine(AppContext.BaseDirectory, "nstance-gc.dll");
        var program = $"nstance-gc() {{ dotnet '{file}' \"$@\"; }}\n{script.Output}\n"
            + "COMP_WORDS=(nstance-gc sta); COMP_CWORD=1; COMP_LINE='nstance-gc sta'; COMP_POINT=14; "
            + "_nstance_gc; echo \"${COMPREPLY[@]}\"";

        var (code, output) = await RunAsync("bash", "--norc", "-c", program);

        Assert.Equal((0, "status"), (code, output.Trim()));
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Script_OfEachShell_AsksTheProgram(string shell) =>
        Assert.Contains("[suggest:", (await Cli.RunAsync("completion", shell)).Output);

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] args)
    {
        using var process = Process
            .Start(new ProcessStartInfo(program, args) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }
}
