using System.Globalization;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Database;

/// <summary>
/// The same time in every form that a driver writes: each query finds the row when it is due, and not before.
/// </summary>
public sealed class TimeFormsTests
{
    private static readonly DateTimeOffset AsOf = CollectWorld.AsOf;

    /// <summary>Formats of .NET, and the offset of the clock that they show.</summary>
    private static readonly (string Format, double Hours)[] Forms =
    [
        ("yyyy-MM-dd HH:mm:ss", 0),
        ("yyyy-MM-dd HH:mm:ss'+00:00'", 0),
        ("yyyy-MM-dd HH:mm:ss'.123456789+00:00'", 0),
        ("yyyy-MM-dd HH:mm:ss' +0000 UTC'", 0),
        ("yyyy-MM-dd HH:mm:ss'.123456789 +0000 UTC'", 0),
        ("yyyy-MM-dd HH:mm:ss'.1234567891 +0000 UTC m=+0.5'", 0),
        ("yyyy-MM-dd HH:mm:ss'.1234567891 +0000 UTC m=-12345.000000001'", 0),
        ("yyyy-MM-dd'T'HH:mm:ss'Z'", 0),
        ("yyyy-MM-dd'T'HH:mm:ss'.5+00:00'", 0),
        ("yyyy-MM-dd HH:mm:ss'+02:00'", 2),
        ("yyyy-MM-dd HH:mm:ss' +0200 EET'", 2),
        ("yyyy-MM-dd HH:mm:ss'.25 +0545 +0545'", 5.75),
        ("yyyy-MM-dd HH:mm:ss'-08:00'", -8),
        ("yyyy-MM-dd HH:mm:ss' -0800 PST m=+1e+09'", -8),
    ];

    /// <summary>Texts that begin like a time but are invalid.</summary>
    private static readonly string[] NoTimes =
    [
        "2026-11-23 18:39:59 nonsense", "2026-11-23 18:39:59+0", "2026-11-23\t18:39:59Z", "2026-11-23 18:00:00.+00:00",
        "2026-11-23 18:00:00.12345678901 +0000 UTC", "2026-11-23 18:00:00 +0000 UTC m=soon",
    ];

    public static TheoryData<int> EachForm => [.. Enumerable.Range(0, Forms.Length)];

    [Theory]
    [MemberData(nameof(EachForm))]
    public void FindUnregistered_AnyForm_FindsWhatIsDue(int form)
    {
        using var world = new CollectWorld();
        var deadline = AsOf.AddMinutes(-5);
        var due = Set(world, world.Add(), "issued_at", deadline.AddSeconds(-2), form);
        Set(world, world.Add(), "issued_at", deadline.AddSeconds(2), form);

        Assert.Equal([due], world.Db.FindUnregistered(deadline, AsOf).Select(row => row.Id));
    }

    [Theory]
    [MemberData(nameof(EachForm))]
    public void FindStale_AnyForm_FindsWhatIsSilent(int form)
    {
        using var world = new CollectWorld();
        var silent = Set(world, world.Add(registered: true), "health_at", AsOf.AddMinutes(-1).AddSeconds(-2), form);
        Set(world, world.Add(registered: true), "health_at", AsOf.AddMinutes(-1).AddSeconds(2), form);

        var (_, stale, invalid) = world.Db.FindStale(world.Input);

        Assert.Equal([silent], stale.Select(row => row.Id));
        Assert.Empty(invalid);
    }

    [Theory]
    [MemberData(nameof(EachForm))]
    public void FindExpired_AnyForm_FindsWhatIsPastTheRetention(int form)
    {
        using var world = new CollectWorld();
        var before = AsOf.AddMinutes(-30);
        var expired = world.Add();
        var kept = world.Add();
        foreach (var row in new[] { expired, kept }) world.Expire(row, AsOf);
        Set(world, expired, "deleted_at", before.AddSeconds(-2), form);
        Set(world, kept, "deleted_at", before.AddSeconds(2), form);

        Assert.Equal([expired.Id], world.Db.FindExpired(before).Select(row => row.Id));
        Assert.Empty(world.Db.FindUnusableDeleted(AsOf));
    }

    [Theory]
    [MemberData(nameof(EachForm))]
    public async Task Collect_DanglingRowOfAnyForm_IsTerminatedOnce(int form)
    {
        using var world = new CollectWorld();
        var due = world.Add();
        var young = world.Add();
        Set(world, due, "issued_at", AsOf.AddMinutes(-6), form);
        Set(world, young, "issued_at", AsOf.AddMinutes(-4), form);

        await world.CollectAsync();

        Assert.Equal([due.ProviderId], world.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Phases_TextThatOnlyBeginsLikeATime_IsNamedAndUsedByNoRule()
    {
        using var world = new CollectWorld();
        var issued = NoTimes.Select(text => Set(world, world.Add(), "issued_at", text)).ToList();
        var health = NoTimes.Select(text => Set(world, world.Add(registered: true), "health_at", text)).ToList();
        var deleted = NoTimes.Select(text => Set(world, world.Add(inCloud: false), "deleted_at", text)).ToList();

        var collect = await world.CollectAsync();
        var scan = await world.ScanHealthAsync();
        var purge = await world.PurgeAsync();

        Assert.Equal((NoTimes.Length, NoTimes.Length), (scan.Invalid, purge.Invalid));
        Assert.Empty(world.Cloud.TerminateCalls);
        Assert.Empty(world.Records.Deletes);
        Assert.Equal(NoTimes.Length, collect.Invalid);
        Assert.All(issued, id => AssertNamed(world, id, "issued_at"));
        Assert.All(health, id => AssertNamed(world, id, "health_at"));
        Assert.All(deleted, id => AssertNamed(world, id, "deleted_at"));
    }

    /// <summary>A report with an invalid time does not count as silence.</summary>
    [Theory]
    [InlineData("health_at")]
    [InlineData("registered_at")]
    public async Task Collect_MarkedRowWithAnInvalidTime_IsSkippedAndNamed(string column)
    {
        using var world = new CollectWorld();
        var row = world.Add(registered: true, record: false);
        Set(world, row, "deleted_at", "2026-11-23 17:45:00+00:00");
        Set(world, row, column, "2026-11-23 18:39:59 +0000 ?");

        var result = await world.CollectAsync();

        Assert.Empty(world.Cloud.TerminateCalls);
        Assert.Contains(result.Samples, sample => sample.InstanceId == row.Id
            && sample.Why == $"row {row.Id}: invalid {column}; row skipped");
    }

    [Theory]
    [InlineData("issued_at")]
    [InlineData("created_at")]
    [InlineData("updated_at")]
    public async Task Sync_UnlistedRowWithAnInvalidTime_IsSkippedAndNamed(string column)
    {
        using var world = new CollectWorld();
        for (var n = 0; n < 5; n++) world.Add(registered: true);
        var row = world.Add(registered: true, recordRegistered: true, inCloud: false);
        Set(world, row, column, "soon");

        var notes = new PhaseNotes();
        await world.SyncAsync(notes);

        Assert.True(world.IsLive(row));
        Assert.Contains(notes.Samples, sample => sample.InstanceId == row.Id
            && sample.Why == $"not listed; row {row.Id}: invalid {column}; row skipped");
    }

    private static void AssertNamed(CollectWorld world, string id, string column) => Assert.Equal(
        $"row {id}: invalid {column}; row skipped", world.Db.Find(id)!.InvalidTimes(AsOf));

    private static string Set(CollectWorld world, CollectWorld.Made row, string column, DateTimeOffset time, int form)
    {
        var (format, hours) = Forms[form];
        var text = time.AddHours(hours).ToString(format, CultureInfo.InvariantCulture);
        return Set(world, row, column, text);
    }

    private static string Set(CollectWorld world, CollectWorld.Made row, string column, string text)
    {
        world.Sql($"UPDATE instances SET {column} = $text WHERE id = $id", ("$text", text), ("$id", row.Id));
        return row.Id;
    }
}
