namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>A row as it was read, and what it is to be given. Empty texts: the row keeps its own.</summary>
/// <param name="Row">Its number.</param>
/// <param name="Id">As UTF-8, as all of these.</param>
/// <param name="Machine">Its <c>provider_id</c>.</param>
/// <param name="Was">Its <c>provider_state</c>; null: NULL.</param>
/// <param name="State">The new one.</param>
/// <param name="Hostname">The new one.</param>
/// <param name="Ip4">The new one.</param>
/// <param name="Ip6">The new one.</param>
internal readonly record struct ToWrite(
    long Row, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Machine, ReadOnlyMemory<byte>? Was, ReadOnlyMemory<byte> State,
    ReadOnlyMemory<byte> Hostname, ReadOnlyMemory<byte> Ip4, ReadOnlyMemory<byte> Ip6);

/// <summary>What one transaction is to write, prepared before it begins. Its memory is used again. Not thread-safe.</summary>
internal sealed class WriteBatch
{
    private const int LeastSize = 16 << 10;

    private readonly List<ToWrite> _rows = [];
    private byte[] _texts = [];
    private int _used;

    public IReadOnlyList<ToWrite> Rows => _rows;

    public int Count => _rows.Count;

    public bool IsFull => Count >= ShardDatabase.BatchSize;

    public void Clear()
    {
        _rows.Clear();
        _used = 0;
    }

    public void Add(
        in NotedChange noted, ReadOnlySpan<byte> id, ReadOnlySpan<byte> machine, bool hasState, ReadOnlySpan<byte> was,
        ReadOnlySpan<byte> state)
    {
        ReadOnlyMemory<byte>? known = null; // in a conditional expression this null would be an empty text
        if (hasState) known = Keep(was);
        _rows.Add(new(noted.Row, Keep(id), Keep(machine), known, Keep(state), noted.Hostname, noted.Ip4, noted.Ip6));
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> text)
    {
        // Rows that are kept already hold on to the array before.
        if (_texts.Length - _used < text.Length) (_texts, _used) = (new byte[Math.Max(2 * _texts.Length, LeastSize + text.Length)], 0);
        var kept = _texts.AsMemory(_used, text.Length);
        text.CopyTo(kept.Span);
        _used += text.Length;
        return kept;
    }
}
