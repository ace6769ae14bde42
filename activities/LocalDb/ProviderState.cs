using System.Buffers;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>Words of <c>provider_state</c>; null: not said, what stands there stays.</summary>
internal readonly record struct StateWords(InstanceStatus Status)
{
    public string? InstanceId { get; init; }

    public string? ProviderId { get; init; }

    public string? Cluster { get; init; }

    public string? Shard { get; init; }

    /// <summary>What the sync writes.</summary>
    public static StateWords Of(string id, string providerId, InstanceStatus status, ShardRef shard) =>
        new(status) { InstanceId = id, ProviderId = providerId, Cluster = shard.Cluster, Shard = shard.Shard };
}

/// <summary>
/// Puts new words into a <c>provider_state</c>. Members that we do not know are kept; what is no JSON object, or names a
/// member twice, gives way to a new one. The status comes last: there <see cref="Schema.UnhealthyRow"/> sees it without
/// parsing. Not thread-safe.
/// </summary>
internal sealed class ProviderState : IDisposable
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly Utf8JsonWriter _writer;
    private readonly XxHash128 _hash = new();
    private byte[] _input = new byte[1024];

    public ProviderState() => _writer = new(_output);

    public static string With(string? current, in StateWords words)
    {
        using var state = new ProviderState();
        return Encoding.UTF8.GetString(state.With(current is null ? [] : Encoding.UTF8.GetBytes(current), words));
    }

    /// <summary>Enough of a row, as UTF-8, to know later that it is still the same: its id, its machine, its state.</summary>
    public UInt128 Fingerprint(ReadOnlySpan<byte> id, ReadOnlySpan<byte> machine, bool hasState, ReadOnlySpan<byte> state)
    {
        Span<int> lengths = [id.Length, machine.Length, hasState ? state.Length : -1];
        _hash.Reset();
        _hash.Append(MemoryMarshal.AsBytes(lengths));
        _hash.Append(id);
        _hash.Append(machine);
        _hash.Append(state);
        return _hash.GetCurrentHashAsUInt128();
    }

    /// <summary>
    /// Reads the status of a text, without SQL. False: the text is no plain JSON object with one status in it, or says it in a way
    /// that needs a closer look.
    /// </summary>
    public static bool TryStatus(ReadOnlySpan<byte> state, out InstanceStatus status)
    {
        status = default;
        if (!TryScan(state, default, out _, out var place)) return false;
        var word = state[place];
        status = word.SequenceEqual("running"u8) ? InstanceStatus.Running : InstanceStatuses.Parse(Encoding.UTF8.GetString(word));
        return true;
    }

    /// <summary>Names its status more than once: readers may take one or the other for it.</summary>
    public static bool IsAmbiguous(string state)
    {
        try
        {
            using var document = JsonDocument.Parse(state);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.EnumerateObject().Count(member => member.NameEquals("status"u8)) > 1;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false; // no JSON, or a name that is half a surrogate pair
        }
    }

    /// <summary>The result's memory is used again by the next call.</summary>
    public ReadOnlySpan<byte> With(ReadOnlySpan<byte> current, in StateWords words)
    {
        if (TryOwn(current, words)) return _output.WrittenSpan;
        using var members = Parse(current);
        try
        {
            Compose(members, words);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: JSON to the parser, but no text.
            Compose(null, words);
        }

        return _output.WrittenSpan;
    }

    public void Dispose() => _writer.Dispose();

    private void Compose(JsonDocument? members, in StateWords words)
    {
        _output.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        var (id, provider, cluster, shard) = (false, false, false, false);
        if (members is not null)
        {
            foreach (var member in members.RootElement.EnumerateObject())
            {
                var isWord = Word(member, "instance_id"u8, words.InstanceId, ref id)
                    || Word(member, "provider_instance_id"u8, words.ProviderId, ref provider)
                    || Word(member, "cluster_id"u8, words.Cluster, ref cluster)
                    || Word(member, "shard"u8, words.Shard, ref shard)
                    || member.NameEquals("status"u8);
                if (!isWord) member.WriteTo(_writer);
            }
        }

        if (!id) Write("instance_id"u8, words.InstanceId);
        if (!provider) Write("provider_instance_id"u8, words.ProviderId);
        if (!cluster) Write("cluster_id"u8, words.Cluster);
        if (!shard) Write("shard"u8, words.Shard);
        Write("status"u8, words.Status.Name());
        _writer.WriteEndObject();
        _writer.Flush();
    }

    /// <summary>The usual case, by far the cheapest: our own words, of which only the status is another now.</summary>
    private bool TryOwn(ReadOnlySpan<byte> current, in StateWords words)
    {
        if (!TryScan(current, words, out var known, out _) || known != 5) return false;
        _output.ResetWrittenCount();
        _output.Write("{\"instance_id\":\""u8);
        Encoding.UTF8.GetBytes(words.InstanceId, _output);
        _output.Write("\",\"provider_instance_id\":\""u8);
        Encoding.UTF8.GetBytes(words.ProviderId, _output);
        _output.Write("\",\"cluster_id\":\""u8);
        Encoding.UTF8.GetBytes(words.Cluster, _output);
        _output.Write("\",\"shard\":\""u8);
        Encoding.UTF8.GetBytes(words.Shard, _output);
        _output.Write("\",\"status\":\""u8);
        Encoding.UTF8.GetBytes(words.Status.Name(), _output);
        _output.Write("\"}"u8);
        return true;
    }

    /// <summary>
    /// Walks over a plain object: one status, no escapes in names. Of the other members, counts those that say what
    /// <paramref name="words"/> say; one that we do not know, or that says something else, spoils the count.
    /// </summary>
    private static bool TryScan(ReadOnlySpan<byte> state, in StateWords words, out int known, out Range status)
    {
        (known, status, var isFound) = (0, default, false);
        if (state.IsEmpty) return false;
        var reader = new Utf8JsonReader(state);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueIsEscaped) return false;
                var (isStatus, word) = (reader.ValueSpan.SequenceEqual("status"u8), Word(reader.ValueSpan, words));
                reader.Read();
                if (!isStatus)
                {
                    var isOurs = word is not null && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped
                        && Ascii.Equals(reader.ValueSpan, word);
                    known += isOurs ? 1 : int.MinValue / 2;
                    reader.Skip();
                    continue;
                }

                if (isFound || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped) return false;
                var start = (int)reader.TokenStartIndex + 1;
                (status, isFound, known) = (start..(start + reader.ValueSpan.Length), true, known + 1);
            }

            return isFound && !reader.Read(); // nothing may follow
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? Word(ReadOnlySpan<byte> name, in StateWords words) =>
        name.SequenceEqual("instance_id"u8) ? words.InstanceId
        : name.SequenceEqual("provider_instance_id"u8) ? words.ProviderId
        : name.SequenceEqual("cluster_id"u8) ? words.Cluster
        : name.SequenceEqual("shard"u8) ? words.Shard
        : null;

    private JsonDocument? Parse(ReadOnlySpan<byte> current)
    {
        // A text that the parser takes may still hold bytes that are none, and throw when it is written.
        if (current.IsEmpty || !System.Text.Unicode.Utf8.IsValid(current)) return null;
        if (_input.Length < current.Length) _input = new byte[current.Length * 2];
        current.CopyTo(_input);
        try
        {
            var document = JsonDocument.Parse(_input.AsMemory(0, current.Length), Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private bool Word(in JsonProperty member, ReadOnlySpan<byte> name, string? word, ref bool written)
    {
        if (written || word is null || !member.NameEquals(name)) return false;
        _writer.WriteString(name, word);
        return written = true;
    }

    private void Write(ReadOnlySpan<byte> name, string? word)
    {
        if (word is not null) _writer.WriteString(name, word);
    }
}
