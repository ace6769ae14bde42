using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Worker.Checks;

namespace Nstance.Temporal.Tests.Worker;

public sealed class NstanceCollectorTests
{
    private const string Beside = "; both may run side by side: docs/operations.md";

    [Theory]
    [InlineData("", "runs every 2m, nstance's default" + Beside)]
    [InlineData("\"interval\": \"0s\"", "runs every 2m, nstance's default" + Beside)]
    [InlineData("\"interval\": null", "runs every 2m, nstance's default" + Beside)]
    [InlineData("\"Interval\": \"90s\"", "runs every 1m30s" + Beside)]
    [InlineData("\"interval\": \"2m\"", "runs every 2m" + Beside)]
    [InlineData("\"interval\": \"8759h\"", "slowed down: every 8759h, and once after each election")]
    public void Describe_Interval_SaysWhatNstanceDoes(string interval, string expected)
    {
        var text = $$"""
            { "cluster": { "id": "c" }, "shard": { "id": "s", "garbage_collection": { {{interval}} } } }
            """;
        var config = ShardConfig.Parse(Encoding.UTF8.GetBytes(text), new("c", "s", "b"), "aws").Config;

        Assert.Equal(expected, NstanceCollector.Describe(config));
        Assert.Equal((CheckState.Ok, expected), (NstanceCollector.Check(config).State, expected));
    }

    [Fact]
    public void Check_NoConfiguration_IsSkipped()
    {
        var check = NstanceCollector.Check(null);

        Assert.Equal((CheckState.Skipped, "not known: config.jsonc was not read"), (check.State, check.Detail));
    }
}
