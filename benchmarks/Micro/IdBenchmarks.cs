using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>Ids, for each instance of a listing and each key of the bucket. A thousand different ones: one would teach the branch predictor.</summary>
public class IdBenchmarks
{
    private readonly InstanceId[] _ids = new InstanceId[MicroFleet.PageSize];
    private readonly string[] _texts = new string[MicroFleet.PageSize];
    private readonly string[] _keys = new string[MicroFleet.PageSize];

    /// <summary>Makes the ids.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < MicroFleet.PageSize; i++)
        {
            _ids[i] = MicroFleet.Fleet.Members[i].Id;
            (_texts[i], _keys[i]) = (_ids[i].ToString(), _ids[i].StorageKey);
        }

        MicroFleet.Require(MicroFleet.PageSize, Decode(), "ids");
        MicroFleet.Require(MicroFleet.PageSize, DecodeStorageKey(), "storage keys");
    }

    /// <summary>puidv7 to id.</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int Decode()
    {
        var good = 0;
        foreach (var text in _texts) good += InstanceId.TryParse(text, out _) ? 1 : 0;
        return good;
    }

    /// <summary>Id to puidv7.</summary>
    /// <returns>Their length.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int Encode()
    {
        var length = 0;
        foreach (var id in _ids) length += id.ToString().Length;
        return length;
    }

    /// <summary>Storage key to id.</summary>
    /// <returns>How many.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int DecodeStorageKey()
    {
        var good = 0;
        foreach (var key in _keys) good += InstanceId.TryParseStorageKey(key, out _) ? 1 : 0;
        return good;
    }

    /// <summary>Id to storage key.</summary>
    /// <returns>Their length.</returns>
    [Benchmark(OperationsPerInvoke = MicroFleet.PageSize)]
    public int EncodeStorageKey()
    {
        var length = 0;
        foreach (var id in _ids) length += id.StorageKey.Length;
        return length;
    }
}
