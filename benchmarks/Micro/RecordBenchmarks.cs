using System.Text;
using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>What is JSON: a record of the bucket (about 1,000 bytes), and a row's <c>provider_state</c>.</summary>
public class RecordBenchmarks
{
    private readonly ReadOnlyMemory<byte>[] _records = new ReadOnlyMemory<byte>[MicroFleet.PageSize];
    private readonly string[] _states = new string[MicroFleet.PageSize];
    private readonly StateWords[] _words = new StateWords[MicroFleet.PageSize];

    /// <summary>Makes records and states.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var fleet = MicroFleet.Fleet;
        foreach (var (member, i) in fleet.Members.Where(m => m.Part != Part.PreInsert).Take(MicroFleet.PageSize).Select((m, i) => (m, i)))
        {
            _records[i] = fleet.Record(member.Number);
            _words[i] = StateWords.Of(member.Id.ToString(), member.ProviderId, InstanceStatus.Running, fleet.Shard);
            _states[i] = ProviderState.With(null, _words[i] with { Status = InstanceStatus.Pending });
        }

        MicroFleet.Require(MicroFleet.PageSize, Parse(), "records");
        MicroFleet.Require(MicroFleet.PageSize * Encoding.UTF8.GetByteCount(_states[0]), Compose(), "states");
    }

    /// <summary>One record.</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int Parse()
    {
        var good = 0;
        foreach (var record in _records) good += InstanceRecord.TryParse(record, out _, out _) ? 1 : 0;
        return good;
    }

    /// <summary>A changed word in a state that is there.</summary>
    /// <returns>Their length.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int Compose()
    {
        var length = 0;
        for (var i = 0; i < _states.Length; i++) length += ProviderState.With(_states[i], _words[i]).Length;
        return length;
    }
}
