using CsCheck;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Domain;

public sealed class GoTimeTests
{
    private static readonly Gen<DateTimeOffset> Times = Gen
        .Long[new DateTime(2000, 1, 1).Ticks, new DateTime(2100, 1, 1).Ticks]
        .Select(t => new DateTimeOffset(t, TimeSpan.Zero));

    [Theory]
    [InlineData("2026-11-23 17:21:05.123456789+00:00", "2026-11-23 17:21:05.1234567+00:00")]
    [InlineData("2026-11-23 17:21:05", "2026-11-23 17:21:05+00:00")]
    [InlineData("2026-11-23T17:21:05.5Z", "2026-11-23 17:21:05.5+00:00")]
    [InlineData("2026-11-23 17:21:05.1-07:00", "2026-11-24 00:21:05.1+00:00")]
    [InlineData("2026-11-23 17:21:05 +0000 UTC", "2026-11-23 17:21:05+00:00")]
    [InlineData("2026-11-23 17:21:05.1234567899+00:00", "2026-11-23 17:21:05.1234567+00:00")]
    [InlineData("2026-11-23 17:21:05.123456789 +0000 UTC", "2026-11-23 17:21:05.1234567+00:00")]
    [InlineData("2026-11-23 17:21:05.5 -0700 MST m=+0.012345678", "2026-11-24 00:21:05.5+00:00")]
    [InlineData("2026-11-23 17:21:05.5 +0000 UTC m=-3", "2026-11-23 17:21:05.5+00:00")]
    public void Parse_StoredForms_AreTheSameTime(string text, string again)
    {
        Assert.True(GoTime.TryParse(text, out var time));
        Assert.Equal(again, GoTime.Format(time));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("2026-11-23")]
    [InlineData("2026-11-23 17:21:05.")]
    [InlineData("2026-11-23 17:21:05.12345678901+00:00")]
    [InlineData("2026-11-23 24:21:05")]
    [InlineData("2026-13-23 17:21:05")]
    [InlineData("2026-11-23 17:21:05 +0000")]
    [InlineData("2026-11-23 17:21:05 +0000 ")]
    [InlineData("2026-11-23 17:21:05 +2400 UTC")]
    [InlineData("2026-11-23 17:21:05 +0000 UTC m=x")]
    [InlineData("2026-11-23 17:21:05 +0000 UTC; oops")]
    [InlineData("2026-11-23 17:21:05+0000")]
    [InlineData("2026-11-23 17:21:60")]
    [InlineData("2026-11-23 1:21:05.5")]
    [InlineData("2026-02-29 17:21:05")]
    [InlineData("0000-11-23 17:21:05")]
    [InlineData("2026-11-23t17:21:05")]
    [InlineData("2026/11/23 17:21:05")]
    [InlineData(" 2026-11-23 17:21:05")]
    [InlineData("٢٠٢٦-11-23 17:21:05")]
    [InlineData("0001-01-01 00:00:00+01:00")]
    [InlineData("9999-12-31 23:59:59-01:00")]
    public void Parse_OtherTexts_AreRefused(string? text) => Assert.False(GoTime.TryParse(text, out _));

    [Fact]
    public void Format_AnyTime_ReadsBackTheSame() =>
        Times.Sample(t => GoTime.TryParse(GoTime.Format(t), out var again) && again == t);

    [Fact]
    public void Bounds_AnyTimeInEitherForm_NeverMissAnEarlierTime() =>
        Gen.Select(Times, Gen.Long[-30_000_000, 30_000_000], Gen.Bool).Sample((bound, distance, bare) =>
        {
            var time = bound.AddTicks(distance);
            if (bare) time = new DateTimeOffset(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            var text = GoTime.Format(time);
            if (bare) text = text[..19];
            if (time < bound) Assert.True(string.CompareOrdinal(text, GoTime.TextAfterSecondOf(bound)) < 0);
            if (time >= bound) Assert.True(string.CompareOrdinal(text, GoTime.TextOfSecond(bound)) >= 0);
        });
}
