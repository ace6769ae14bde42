using System.Buffers;
using System.Security.Cryptography;
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
/// member twice, gives way to a new one. Not thread-safe.
/// </summary>
internal sealed class ProviderState : IDisposable
{
    private const int HashLength = 16;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly Utf8JsonWriter _writer;
    private byte[] _input = new byte[1024];

    public ProviderState() => _writer = new(_output);

    public static string With(string? current, in StateWords words)
    {
        using var state = new ProviderState();
        return Encoding.UTF8.GetString(state.With(current is null ? [] : Encoding.UTF8.GetBytes(current), words));
    }

    /// <summary>Enough of a text to know that it is still the same; empty for none.</summary>
    public static ReadOnlySpan<byte> Fingerprint(ReadOnlySpan<byte> state) => SHA256.HashData(state).AsSpan(0, HashLength);

    /// <summary>The result's memory is used again by the next call.</summary>
    public ReadOnlySpan<byte> With(ReadOnlySpan<byte> current, in StateWords words)
    {
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
        var (id, provider, cluster, shard, status) = (false, false, false, false, false);
        if (members is not null)
        {
            foreach (var member in members.RootElement.EnumerateObject())
            {
                var isWord = Word(member, "instance_id"u8, words.InstanceId, ref id)
                    || Word(member, "provider_instance_id"u8, words.ProviderId, ref provider)
                    || Word(member, "cluster_id"u8, words.Cluster, ref cluster)
                    || Word(member, "shard"u8, words.Shard, ref shard)
                    || Word(member, "status"u8, words.Status.Name(), ref status);
                if (!isWord) member.WriteTo(_writer);
            }
        }

        if (!id) Write("instance_id"u8, words.InstanceId);
        if (!provider) Write("provider_instance_id"u8, words.ProviderId);
        if (!cluster) Write("cluster_id"u8, words.Cluster);
        if (!shard) Write("shard"u8, words.Shard);
        if (!status) Write("status"u8, words.Status.Name());
        _writer.WriteEndObject();
        _writer.Flush();
    }

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
