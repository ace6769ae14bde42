using System.Text.Json;
using Nstance.Temporal.Worker;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>One call of <c>nstance-gc</c> inside the test's process.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Output">What went to stdout.</param>
/// <param name="Errors">Lines of stderr.</param>
internal sealed record Cli(int Code, string Output, IReadOnlyList<string> Errors)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Counts of one reason in a cycle's report.</summary>
    public JsonElement Counts(string reason) => Json.GetProperty("collect").GetProperty("counts").EnumerateArray()
        .Single(counts => counts.GetProperty("reason").GetString() == reason);

    public static Task<Cli> RunAsync(params string[] args) => RunAsync(width: null, args);

    /// <summary>Runs a command as on a terminal of the given width.</summary>
    public static async Task<Cli> RunAsync(int? width, string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = await NstanceGc.Line(output, error, width).InvokeAsync(
            args, TestContext.Current.CancellationToken);
        return new(code, output.ToString(), error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
