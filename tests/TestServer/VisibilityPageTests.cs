using CsCheck;
using Google.Protobuf;
using Nstance.Temporal.TestServer.Values;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class VisibilityPageTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SearchAttributeCatalog _catalog = new("ns");

    [Fact]
    public void Of_DefaultOrder_ShowsOpenFirstThenLastClosedThenLastStarted()
    {
        var all = new[]
        {
            Execution("old-closed", start: 0, close: 5),
            Execution("open-early", start: 1, close: null),
            Execution("new-closed", start: 2, close: 9),
            Execution("open-late", start: 3, close: null),
        };
        var (items, next) = VisibilityPage.Of(all, Query(""), 10, ByteString.Empty);
        Assert.Equal(["open-late", "open-early", "new-closed", "old-closed"], items.Select(i => (string)i["RunId"]));
        Assert.True(next.IsEmpty);
    }

    [Theory]
    [InlineData]
    [InlineData("Size DESC")]
    [InlineData("StartTime", "Size")]
    public void Of_AnyPageSize_ShowsEachExactlyOnceInOrder(params string[] order)
    {
        _catalog.TryRegister("Size", IndexedValueType.Int);
        var execution = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5].Nullable(), Gen.Int[0, 3].Nullable());
        Gen.Select(execution.Array[0, 30], Gen.Int[1, 7]).Sample(input =>
        {
            var all = input.Item1.Select((e, i) =>
            {
                var made = Execution($"run-{i}", e.Item1, e.Item2);
                if (e.Item3 is { } size)
                {
                    made["Size"] = (long)size;
                }

                return made;
            }).ToList();
            var query = VisibilityQuery.Compile("", _catalog, order: [.. order.Select(Term)]);
            var whole = VisibilityPage.Of(all, query, 1000, ByteString.Empty).Items;
            var paged = new List<FakeExecution>();
            var token = ByteString.Empty;
            do
            {
                var (items, next) = VisibilityPage.Of(all, query, input.Item2, token);
                paged.AddRange(items);
                token = next;
            }
            while (!token.IsEmpty);

            return all.Count == whole.Count && whole.SequenceEqual(paged);
        });
    }

    [Fact]
    public void Of_OneStartsBetweenPages_RepeatsNothingAndLosesNothing()
    {
        var all = Enumerable.Range(0, 4).Select(i => Execution($"run-{i}", i, null)).ToList();
        var (first, token) = VisibilityPage.Of(all, Query(""), 2, ByteString.Empty);
        all.Insert(0, Execution("newcomer", 99, null));
        var (second, _) = VisibilityPage.Of(all, Query(""), 2, token);
        Assert.Equal(["run-3", "run-2", "run-1", "run-0"], first.Concat(second).Select(i => (string)i["RunId"]));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[\"s\"]")]
    [InlineData("[\"x1\",null,null]")]
    public void Of_ForeignToken_IsRefused(string token) => Assert.Throws<InvalidInputException>(
        () => VisibilityPage.Of<FakeExecution>([], Query(""), 1, ByteString.CopyFromUtf8(token)));

    private static OrderTerm Term(string text) =>
        new(text.Split(' ')[0], text.EndsWith("DESC", StringComparison.Ordinal));

    private VisibilityQuery Query(string text) => VisibilityQuery.Compile(text, _catalog);

    private static FakeExecution Execution(string runId, int start, int? close)
    {
        var execution = new FakeExecution { ["RunId"] = runId, ["StartTime"] = Start.AddMinutes(start) };
        if (close is { } minutes)
        {
            execution["CloseTime"] = Start.AddMinutes(minutes);
        }

        return execution;
    }
}
