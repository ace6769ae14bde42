using CsCheck;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Aws;

public class DescribeByIdsTests
{
    [Fact]
    public async Task Run_MessageNamesMissing_TakesThemOutAndAsksTheRest()
    {
        var calls = 0;
        var answer = await DescribeByIds.RunAsync(Ids(10), ids =>
        {
            calls++;
            string[] missing = [.. ids.Where(id => id is "i-00000003" or "i-00000007")];
            if (missing.Length > 0) throw NotFound($"The instance IDs '{string.Join(", ", missing)}' do not exist");
            return Found(ids);
        });

        Assert.Equal(2, calls);
        Assert.Equal(["i-00000003", "i-00000007"], answer.NotFound.Order());
        Assert.Equal(8, answer.Found.Count);
        Assert.Empty(answer.Unknown);
    }

    [Fact]
    public async Task Run_SilentlyLeftOut_IsUnknownNotGone()
    {
        var answer = await DescribeByIds.RunAsync(Ids(3), ids => Found(ids.Take(2)));

        Assert.Empty(answer.NotFound);
        Assert.Equal(["i-00000002"], answer.Unknown.Keys);
    }

    [Fact]
    public async Task Run_AnswerHasAnIdThatWasNotAsked_IsIgnored()
    {
        var answer = await DescribeByIds.RunAsync(Ids(1), ids => Found([.. ids, "i-stranger1"]));

        Assert.Equal(["i-00000000"], answer.Found.Keys);
    }

    [Theory]
    [InlineData(CloudFault.Throttled)]
    [InlineData(CloudFault.Transient)]
    [InlineData(CloudFault.Denied)]
    public async Task Run_Outage_EverythingIsUnknownAndNoFurtherCall(object fault)
    {
        var calls = 0;
        var answer = await DescribeByIds.RunAsync(Ids(2500), _ =>
        {
            calls++;
            throw new CloudException((CloudFault)fault, "no");
        });

        Assert.Equal(1, calls);
        Assert.Equal(2500, answer.Unknown.Count);
        Assert.Empty(answer.NotFound);
    }

    [Fact]
    public async Task Run_OneIdButAnotherIsNamed_IsUnknown()
    {
        var answer = await DescribeByIds.RunAsync(
            Ids(1), _ => throw NotFound("The instance ID 'i-99999999' does not exist"));

        Assert.Empty(answer.NotFound);
        Assert.Single(answer.Unknown);
    }

    [Fact]
    public void Run_AnyMissingAndMalformed_EachIdIsInExactlyItsPart() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 2].Array[40], Gen.Bool).Sample((count, kinds, named) =>
        {
            var ids = Ids(count);
            var kind = ids.Select((id, n) => (id, kinds[n])).ToDictionary();
            var answer = DescribeByIds.RunAsync(ids, asked =>
            {
                var bad = asked.Where(id => kind[id] == 2).ToArray();
                var missing = asked.Where(id => kind[id] == 1).ToArray();
                string Words(string[] which) => named ? string.Join(", ", which) : "something";
                if (bad.Length > 0)
                    throw new CloudException(CloudFault.Malformed, "") { Detail = $"Invalid id: \"{Words(bad)}\"" };
                if (missing.Length > 0) throw NotFound($"The IDs '{Words(missing)}' do not exist");
                return Found(asked);
            }).GetAwaiter().GetResult();

            Assert.Equal(ids.Where(id => kind[id] == 0), answer.Found.Keys.Order());
            Assert.Equal(ids.Where(id => kind[id] == 1), answer.NotFound.Order());
            Assert.Equal(ids.Where(id => kind[id] == 2), answer.Unknown.Keys.Order());
        });

    internal static CloudException NotFound(string message) => new(CloudFault.Gone, "short") { Detail = message };

    internal static CloudInstance Instance(
        string id, InstanceStatus status = InstanceStatus.Running, string zone = "a") =>
        new(id, status.Name(), status, null, zone, null, null, null, new Dictionary<string, string>());

    private static string[] Ids(int count) => [.. Enumerable.Range(0, count).Select(n => $"i-{n:00000000}")];

    private static Task<IReadOnlyList<CloudInstance>> Found(IEnumerable<string> ids) =>
        Task.FromResult<IReadOnlyList<CloudInstance>>([.. ids.Select(id => Instance(id))]);
}
