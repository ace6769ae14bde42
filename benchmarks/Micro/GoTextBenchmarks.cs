using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>Times and durations as Go writes them: several for each row that a scan reads.</summary>
public class GoTextBenchmarks
{
    private static readonly string[] DurationTexts = ["2m", "90s", "500ms", "1h30m", "720h0m0s", "1.5h", "30m", "5m0s"];

    private readonly DateTimeOffset[] _times = new DateTimeOffset[MicroFleet.PageSize];
    private readonly string[] _rows = new string[MicroFleet.PageSize];
    private readonly string[] _records = new string[MicroFleet.PageSize];
    private readonly string[] _durations = new string[MicroFleet.PageSize];

    /// <summary>Makes the texts: every second time is a whole second, as SQL's defaults are.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < MicroFleet.PageSize; i++)
        {
            _times[i] = MicroFleet.Fleet.Members[i].CreatedAt.AddTicks(i % 2 * 1_234_567);
            _rows[i] = GoTime.Format(_times[i]);
            _records[i] = _times[i].UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'");
            _durations[i] = DurationTexts[i % DurationTexts.Length];
        }

        MicroFleet.Require(MicroFleet.PageSize, ParseRowTime(), "times of rows");
        MicroFleet.Require(MicroFleet.PageSize, ParseRecordTime(), "times of records");
        MicroFleet.Require(MicroFleet.PageSize, ParseDuration(), "durations");
    }

    /// <summary>A time as the database holds it.</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int ParseRowTime() => Parse(_rows);

    /// <summary>A time as a record holds it (RFC 3339).</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int ParseRecordTime() => Parse(_records);

    /// <summary>A time as it is written.</summary>
    /// <returns>Their length.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int FormatTime()
    {
        var length = 0;
        foreach (var time in _times) length += GoTime.Format(time).Length;
        return length;
    }

    /// <summary>A duration of the configuration.</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int ParseDuration()
    {
        var good = 0;
        foreach (var text in _durations) good += GoDuration.TryParse(text, out _) ? 1 : 0;
        return good;
    }

    private static int Parse(string[] texts)
    {
        var good = 0;
        foreach (var text in texts) good += GoTime.TryParse(text, out _) ? 1 : 0;
        return good;
    }
}
