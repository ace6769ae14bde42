using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;

namespace Nstance.Temporal.Tests.LocalDb;

public sealed class NotedChangesTests
{
    private readonly NotedChanges _noted = new();

    [Fact]
    public void Ordered_AnyOrderAndAnyText_GivesEachBackByRow()
    {
        var random = new Random(7);
        var rows = Enumerable.Range(0, 5000).Select(n => (long)n).ToArray();
        random.Shuffle(rows);
        foreach (var row in rows) _noted.Add(row, (UInt128)row << 70, StatusOf(row), TextOf(row), TextOf(row + 1), TextOf(row + 2));

        var given = _noted.Ordered().ToList();

        Assert.Equal(rows.Order(), given.Select(g => g.Row));
        Assert.All(given, g =>
        {
            Assert.Equal(((UInt128)g.Row << 70, StatusOf(g.Row)), (g.Was, g.Status));
            Assert.Equal(
                (TextOf(g.Row) ?? "", TextOf(g.Row + 1) ?? "", TextOf(g.Row + 2) ?? ""),
                (Said(g.Hostname), Said(g.Ip4), Said(g.Ip6)));
        });
    }

    [Fact]
    public void IsFull_OneLessThanMost_IsNot()
    {
        for (var row = 0; row < NotedChanges.Most - 1; row++) _noted.Add(row, 0, InstanceStatus.Running, null, null, null);
        Assert.False(_noted.IsFull);
        _noted.Add(NotedChanges.Most, 0, InstanceStatus.Running, null, null, null);
        Assert.True(_noted.IsFull);
    }

    private static InstanceStatus StatusOf(long row) => (InstanceStatus)(row % Enum.GetValues<InstanceStatus>().Length);

    /// <summary>None, short, of several bytes a letter, and longer than a block.</summary>
    private static string? TextOf(long row) => (row % 700) switch
    {
        0 => new string('x', 70_000),
        < 200 => null,
        < 400 => $"höst-{row}-\u2603",
        _ => $"10.0.0.{row}",
    };

    private static string Said(ReadOnlyMemory<byte> text) => Encoding.UTF8.GetString(text.Span);
}
