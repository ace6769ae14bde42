namespace Nstance.Temporal.Benchmarks.Measuring;

/// <summary>One figure over several runs.</summary>
internal sealed class Series
{
    private readonly List<double> _values = [];

    public void Add(double value) => _values.Add(value);

    public double Median
    {
        get
        {
            var sorted = _values.Order().ToArray();
            var middle = sorted.Length / 2;
            return Math.Round(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, 2);
        }
    }

    /// <summary>Smallest and largest.</summary>
    public double[] Range => [Math.Round(_values.Min(), 2), Math.Round(_values.Max(), 2)];
}
