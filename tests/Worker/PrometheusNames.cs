using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The names under which Prometheus sees our instruments.</summary>
internal static class PrometheusNames
{
    /// <summary>Those that workflow code makes: known only once a workflow has run.</summary>
    public static ISet<string> OfWorkflows { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "nstance_gc_cycles_total", "nstance_gc_last_good_cycle_seconds", "nstance_gc_interval_seconds",
        "nstance_gc_paused", "nstance_gc_blocked", "nstance_gc_blocked_since_seconds",
        "nstance_gc_dry_run", "nstance_gc_plan_pending", "nstance_gc_no_leader", "nstance_gc_grace_renewals",
        "nstance_gc_collector_at_seconds",
    };

    /// <summary>Those of Temporal's SDK and of .NET that the dashboard shows.</summary>
    public static ISet<string> OfOthers { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "temporal_request_failure_total", "dotnet_process_memory_working_set_bytes",
    };

    /// <summary>All names of the collector: those of its instruments and those of its workflows.</summary>
    public static ISet<string> All()
    {
        var names = new HashSet<string>(OfWorkflows, StringComparer.Ordinal)
        {
            // Only once something happened that makes them.
            "nstance_gc_reconciler_queue", "nstance_gc_reconciler_at_seconds", "nstance_gc_plan_decisions_total",
        };
        names.UnionWith(Instruments().SelectMany(Names));
        return names;
    }

    /// <summary>Returns the collector's own instruments, on whatever meter they are.</summary>
    public static IReadOnlyList<Instrument> Instruments()
    {
        var found = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Name.StartsWith("nstance", StringComparison.Ordinal)) found.Add(instrument);
            },
        };

        // A static field holds each instrument; it is published when its class is first used.
        foreach (var type in typeof(GcMeter).Assembly.GetTypes().Where(HoldsInstrument))
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        listener.Start();
        return found;
    }

    private static bool HoldsInstrument(Type type) => !type.ContainsGenericParameters
        && type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Any(field => field.FieldType.IsAssignableTo(typeof(Instrument)) || field.FieldType == typeof(Meter));

    private static IEnumerable<string> Names(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        var name = instrument.Name.Replace('.', '_') + unit;
        return instrument.GetType().Name.Split('`')[0] switch
        {
            "Counter" => [name + "_total"],
            "Histogram" => [name + "_bucket", name + "_sum", name + "_count"],
            _ => [name],
        };
    }
}
