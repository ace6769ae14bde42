using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>What a test server is to be. All members have defaults that suit tests.</summary>
public sealed record TemporalTestServerOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Ip { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on; 0, the default, takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Port of the JSON API that a real frontend serves on 7243; 0 takes a free one. Default null: no JSON API.
    /// </summary>
    public int? HttpPort { get; init; }

    /// <summary>
    /// Folder with a build of Temporal's Web UI, served on <see cref="UiPort"/>. Default null: no Web UI.
    /// </summary>
    public string? UiFolder { get; init; }

    /// <summary>Port of the Web UI; 0, the default, takes a free one. Used with <see cref="UiFolder"/> only.</summary>
    public int UiPort { get; init; }

    /// <summary>Whether time jumps to the next timer when nothing is being worked on. Default true.</summary>
    public bool TimeSkipping { get; init; } = true;

    /// <summary>Namespaces registered at start. Default: "default".</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = ["default"];

    /// <summary>Custom search attributes registered at start in every namespace. Default: none.</summary>
    public IReadOnlyDictionary<string, IndexedValueType> SearchAttributes { get; init; } =
        new Dictionary<string, IndexedValueType>();

    /// <summary>Closed runs kept for describe, history and list; the oldest are forgotten. Default 10,000.</summary>
    public int MaxClosedRuns { get; init; } = 10_000;

    /// <summary>Bytes of history kept for closed runs; the oldest are forgotten. Default 256 MiB.</summary>
    public long MaxClosedHistoryBytes { get; init; } = 256L << 20;

    /// <summary>Limits, with the real server's defaults.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>Source of real time. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>Limits of the server; the defaults are the real server's.</summary>
public sealed record ServerLimits
{
    /// <summary>Maximum length of an id, in characters. Default 1,000 (`limit.maxIDLength`).</summary>
    public int IdLength { get; set; } = 1_000;

    /// <summary>Maximum size of a payload, in bytes. Default 2 MiB (`limit.blobSize.error`).</summary>
    public long BlobSize { get; set; } = 2L << 20;

    /// <summary>Maximum size of a memo, in bytes. Default 2 MiB (`limit.memoSize.error`).</summary>
    public long MemoSize { get; set; } = 2L << 20;

    /// <summary>
    /// Events at which continue-as-new is suggested. Default 4,096 (`limit.historyCount.suggestContinueAsNew`).
    /// </summary>
    public long SuggestContinueAsNewCount { get; set; } = 4_096;

    /// <summary>
    /// Bytes at which continue-as-new is suggested. Default 4 MiB (`limit.historySize.suggestContinueAsNew`).
    /// </summary>
    public long SuggestContinueAsNewSize { get; set; } = 4L << 20;

    /// <summary>Events at which a run is terminated. Default 51,200 (`limit.historyCount.error`).</summary>
    public long HistoryCount { get; set; } = 51_200;

    /// <summary>Bytes at which a run is terminated. Default 50 MiB (`limit.historySize.error`).</summary>
    public long HistorySize { get; set; } = 50L << 20;

    /// <summary>Updates in flight in one run. Default 10 (`history.maxInFlightUpdates`).</summary>
    public int InFlightUpdates { get; set; } = 10;

    /// <summary>Updates in one run. Default 2,000 (`history.maxTotalUpdates`).</summary>
    public int TotalUpdates { get; set; } = 2_000;

    /// <summary>Signals in one run. Default 10,000 (`history.maximumSignalsPerExecution`).</summary>
    public int Signals { get; set; } = 10_000;

    /// <summary>Pending activities of one run, and also children, signals and cancel requests. Default 2,000.</summary>
    public int Pending { get; set; } = 2_000;

    /// <summary>
    /// Failed workflow tasks in a row after which a run gets the search attribute <c>TemporalReportedProblems</c>; 0
    /// for never.
    /// Default 5 (`system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute`).
    /// </summary>
    public int ReportedTaskProblems { get; set; } = 5;

    /// <summary>
    /// Sets the limit of a dynamic-config key of the real server; returns false for an unknown key.
    /// </summary>
    /// <param name="key">Key, for example `limit.historyCount.suggestContinueAsNew`.</param>
    /// <param name="value">Its number as text.</param>
    /// <returns>Whether the key is known and the value is a number.</returns>
    public bool TrySet(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!long.TryParse(value, out var number))
            return false;
        switch (key.ToUpperInvariant())
        {
            case "LIMIT.MAXIDLENGTH": IdLength = (int)number; break;
            case "LIMIT.BLOBSIZE.ERROR": BlobSize = number; break;
            case "LIMIT.MEMOSIZE.ERROR": MemoSize = number; break;
            case "LIMIT.HISTORYCOUNT.SUGGESTCONTINUEASNEW": SuggestContinueAsNewCount = number; break;
            case "LIMIT.HISTORYSIZE.SUGGESTCONTINUEASNEW": SuggestContinueAsNewSize = number; break;
            case "LIMIT.HISTORYCOUNT.ERROR": HistoryCount = number; break;
            case "LIMIT.HISTORYSIZE.ERROR": HistorySize = number; break;
            case "HISTORY.MAXINFLIGHTUPDATES": InFlightUpdates = (int)number; break;
            case "HISTORY.MAXTOTALUPDATES": TotalUpdates = (int)number; break;
            case "HISTORY.MAXIMUMSIGNALSPEREXECUTION": Signals = (int)number; break;
            case "SYSTEM.NUMCONSECUTIVEWORKFLOWTASKPROBLEMSTOTRIGGERSEARCHATTRIBUTE":
                ReportedTaskProblems = (int)number;
                break;
            default: return false;
        }
        return true;
    }
}
