using Nstance.Temporal.TestServer.Values;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class VisibilityQueryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SearchAttributeCatalog _catalog = new("ns");

    public VisibilityQueryTests()
    {
        _catalog.TryRegister("Color", IndexedValueType.Keyword);
        _catalog.TryRegister("Tags", IndexedValueType.KeywordList);
        _catalog.TryRegister("Size", IndexedValueType.Int);
        _catalog.TryRegister("Weight", IndexedValueType.Double);
        _catalog.TryRegister("Broken", IndexedValueType.Bool);
        _catalog.TryRegister("Built at", IndexedValueType.Datetime);
        _catalog.TryRegister("Story", IndexedValueType.Text);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("   ", true)]
    [InlineData("WorkflowId = 'order-1'", true)]
    [InlineData("WorkflowId = \"order-1\"", true)]
    [InlineData("WorkflowId='order-2'", false)]
    [InlineData("WorkflowId != 'order-2'", true)]
    [InlineData("WorkflowId <> 'order-1'", false)]
    [InlineData("workflowType = 'x'", null)]
    [InlineData("`WorkflowType` = 'Order'", true)]
    [InlineData("WorkflowId STARTS_WITH 'order-'", true)]
    [InlineData("WorkflowId starts_with 'Order-'", false)]
    [InlineData("WorkflowId NOT STARTS_WITH 'x'", true)]
    [InlineData("WorkflowId IN ('a', 'order-1')", true)]
    [InlineData("WorkflowId not in ('a', 'b')", true)]
    [InlineData("WorkflowId > 'order-0' AND WorkflowId < 'order-2'", true)]
    [InlineData("ExecutionStatus = 'Running'", true)]
    [InlineData("ExecutionStatus = 'running'", true)]
    [InlineData("ExecutionStatus = 1", true)]
    [InlineData("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW'", false)]
    [InlineData("ExecutionStatus IN (2, 'Running')", true)]
    [InlineData("ExecutionStatus != 'Completed'", true)]
    [InlineData("StartTime = '2026-03-01T12:00:00Z'", true)]
    [InlineData("StartTime >= '2026-03-01T13:00:00+01:00'", true)]
    [InlineData("StartTime > '2026-03-01T11:59:59.999999999Z'", true)]
    [InlineData("StartTime BETWEEN '2026-03-01T00:00:00Z' AND '2026-03-02T00:00:00Z'", true)]
    [InlineData("StartTime NOT BETWEEN '2026-03-01T00:00:00Z' AND '2026-03-02T00:00:00Z'", false)]
    [InlineData("StartTime > 1772366399000000000 AND StartTime <= 1772366400000000000", true)]
    [InlineData("CloseTime IS NULL", true)]
    [InlineData("CloseTime is not null", false)]
    [InlineData("NOT CloseTime IS NULL", false)]
    [InlineData("CloseTime > '2020-01-01T00:00:00Z'", false)]
    [InlineData("NOT CloseTime > '2020-01-01T00:00:00Z'", false)]
    [InlineData("CloseTime > '2020-01-01T00:00:00Z' OR Size = 7", true)]
    [InlineData("ExecutionDuration > '1h'", true)]
    [InlineData("ExecutionDuration = '01:30:00'", true)]
    [InlineData("ExecutionDuration = 5400000000000", true)]
    [InlineData("ExecutionDuration < '1h30m'", false)]
    [InlineData("Size = 7", true)]
    [InlineData("Size BETWEEN 1 AND 6", false)]
    [InlineData("Size >= -1", true)]
    [InlineData("Weight > 1.4 AND Weight < 1.6e0", true)]
    [InlineData("Weight = 1.5", true)]
    [InlineData("Broken = true", false)]
    [InlineData("Broken = false", true)]
    [InlineData("Broken != TRUE", true)]
    [InlineData("`Built at` < '2030-01-01T00:00:00Z'", true)]
    [InlineData("Tags = 'red'", true)]
    [InlineData("Tags = 're'", false)]
    [InlineData("Tags != 'red'", false)]
    [InlineData("Tags IN ('x', 'blue')", true)]
    [InlineData("Tags NOT IN ('x', 'blue')", false)]
    [InlineData("Story = 'quick'", true)]
    [InlineData("Story = 'Brown cow'", true)]
    [InlineData("Story != 'quick'", false)]
    [InlineData("Color = 'it''s'", false)]
    [InlineData("Color IS NULL", true)]
    [InlineData("Color != 'red'", false)]
    [InlineData("Size = 1 OR Size = 7 AND Broken = true", false)]
    [InlineData("(Size = 7 OR Size = 1) AND Broken = false", true)]
    [InlineData("NOT Size = 1 AND NOT (Broken = true)", true)]
    [InlineData("ScheduledById = 'nightly'", true)]
    [InlineData("TemporalScheduledById = 'nightly'", true)]
    [InlineData("BuildIds IS NULL", true)]
    public void Matches_OneExecution_AsTheQuerySays(string query, bool? expected)
    {
        if (expected is null)
        {
            Assert.Throws<InvalidInputException>(() => VisibilityQuery.Compile(query, _catalog));
            return;
        }

        Assert.Equal(expected, VisibilityQuery.Compile(query, _catalog).Matches(Order()));
    }

    [Theory]
    [InlineData("Nothing = 1", "invalid query: Namespace ns has no mapping defined for search attribute Nothing")]
    [InlineData("WorkflowId = ", "invalid query: syntax error at the end of the query")]
    [InlineData("WorkflowId = 'a' AND", "invalid query: syntax error at the end of the query")]
    [InlineData("WorkflowId 'a'", "invalid query: syntax error at position 12 near 'a'")]
    [InlineData("WorkflowId = 'a' 'b'", "invalid query: syntax error at position 18 near 'b'")]
    [InlineData("(WorkflowId = 'a'", "invalid query: syntax error at the end of the query")]
    [InlineData("WorkflowId = 'a", "invalid query: unterminated quote at position 14")]
    [InlineData("WorkflowId = a",
        "invalid query: value expected at position 14, found the name 'a' (text needs quotes)")]
    [InlineData("1 = WorkflowId", "invalid query: left side at position 1 must be an attribute name, not '1'")]
    [InlineData("WorkflowId = 'a'; DROP", "invalid query: syntax error at position 17 near ';'")]
    [InlineData("Size = 'many'", "invalid query: invalid value for search attribute Size of type Int: \"many\"")]
    [InlineData("WorkflowId = 3", "invalid query: invalid value for search attribute WorkflowId of type Keyword: 3")]
    [InlineData("StartTime > '2026-03-01'",
        "invalid query: invalid value for search attribute StartTime of type Datetime: \"2026-03-01\"")]
    [InlineData("ExecutionStatus = 'Sleeping'", "invalid query: invalid ExecutionStatus value \"Sleeping\"")]
    [InlineData("ExecutionStatus = 99", "invalid query: invalid ExecutionStatus value 99")]
    [InlineData("Tags < 'a'",
        "invalid query: operator < is not supported for search attribute Tags of type KeywordList")]
    [InlineData("Size STARTS_WITH 'a'",
        "invalid query: operator STARTS_WITH is not supported for search attribute Size of type Int")]
    [InlineData("Story IN ('a')",
        "invalid query: operator IN is not supported for search attribute Story of type Text")]
    [InlineData("Broken BETWEEN true AND false",
        "invalid query: operator BETWEEN is not supported for search attribute Broken of type Bool")]
    [InlineData("ORDER BY StartTime", "invalid query: operation is not supported: 'ORDER BY' clause")]
    [InlineData("GROUP BY WorkflowType", "invalid query: 'GROUP BY' clause is only supported for ExecutionStatus")]
    public void Compile_FaultyQuery_NamesTheFault(string query, string message)
    {
        var fault = Assert.Throws<InvalidInputException>(() => VisibilityQuery.Compile(query, _catalog));
        Assert.Equal(message, fault.Message);
    }

    [Fact]
    public void Compile_DeepNesting_IsRefusedRatherThanOverflowing()
    {
        var query = new string('(', 10_000) + "Size = 1" + new string(')', 10_000);
        var fault = Assert.Throws<InvalidInputException>(() => VisibilityQuery.Compile(query, _catalog));
        Assert.Contains("nested deeper", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_LongChain_IsAccepted()
    {
        var query = string.Join(" OR ", Enumerable.Range(0, 500).Select(i => $"Size = {i}"));
        Assert.True(VisibilityQuery.Compile(query, _catalog).Matches(Order()));
    }

    [Fact]
    public void Compile_GroupByStatus_IsReported() =>
        Assert.True(VisibilityQuery.Compile("Size = 7 GROUP BY ExecutionStatus", _catalog).GroupsByStatus);

    private static FakeExecution Order() => new()
    {
        ["WorkflowId"] = "order-1",
        ["WorkflowType"] = "Order",
        ["RunId"] = "r",
        ["ExecutionStatus"] = "Running",
        ["StartTime"] = Noon,
        ["ExecutionDuration"] = 5_400_000_000_000L,
        ["Size"] = 7L,
        ["Weight"] = 1.5,
        ["Broken"] = false,
        ["Built at"] = Noon,
        ["Tags"] = new[] { "red", "blue" },
        ["Story"] = "The quick brown fox",
        ["TemporalScheduledById"] = "nightly",
    };
}
