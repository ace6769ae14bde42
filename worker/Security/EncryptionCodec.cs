using System.Security.Cryptography;
using Google.Protobuf;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Api.Common.V1;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Security;

/// <summary>
/// Encrypts what workflows keep in Temporal: AES-256-GCM, a random nonce for each payload, the key's id beside it and
/// bound to it. What is not encrypted is read as it is, so that encryption can be switched on for running shards.
/// </summary>
internal sealed class EncryptionCodec(PayloadKeys keys) : IPayloadCodec
{
    public const string Encoding = "binary/encrypted";
    public const string KeyId = "encryption-key-id";

    private const string EncodingKey = "encoding";
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>The collector's converter with this codec. It encrypts failures too: they may quote payloads.</summary>
    public static DataConverter Converter(PayloadKeys keys) => PayloadJson.Converter with
    {
        PayloadCodec = new EncryptionCodec(keys),
        FailureConverter = new DefaultFailureConverter.WithEncodedCommonAttributes(),
    };

    public Task<IReadOnlyCollection<Payload>> EncodeAsync(IReadOnlyCollection<Payload> payloads) =>
        Task.FromResult<IReadOnlyCollection<Payload>>([.. payloads.Select(Encrypt)]);

    public Task<IReadOnlyCollection<Payload>> DecodeAsync(IReadOnlyCollection<Payload> payloads) =>
        Task.FromResult<IReadOnlyCollection<Payload>>([.. payloads.Select(Decrypt)]);

    private Payload Encrypt(Payload payload)
    {
        var plain = payload.ToByteArray();
        var whole = new byte[NonceSize + TagSize + plain.Length];
        var nonce = whole.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys.Find(keys.Current)!, TagSize);
        var tag = whole.AsSpan(NonceSize, TagSize);
        aes.Encrypt(nonce, plain, whole.AsSpan(NonceSize + TagSize), tag, Bound(keys.Current));
        return new Payload
        {
            Metadata =
            {
                [EncodingKey] = ByteString.CopyFromUtf8(Encoding),
                [KeyId] = ByteString.CopyFromUtf8(keys.Current),
            },
            Data = UnsafeByteOperations.UnsafeWrap(whole),
        };
    }

    private Payload Decrypt(Payload payload)
    {
        if (Read(payload, EncodingKey) != Encoding) return payload;
        var id = Read(payload, KeyId);
        if (keys.Find(id) is not { } key)
        {
            throw new CryptographicException(
                $"a payload is encrypted with key \"{id}\", which is not among those given");
        }

        var whole = payload.Data.Span;
        if (whole.Length < NonceSize + TagSize) throw new CryptographicException("an encrypted payload is too short");
        var plain = new byte[whole.Length - NonceSize - TagSize];
        using var aes = new AesGcm(key, TagSize);
        var tag = whole.Slice(NonceSize, TagSize);
        aes.Decrypt(whole[..NonceSize], whole[(NonceSize + TagSize)..], tag, plain, Bound(id));
        return Payload.Parser.ParseFrom(plain);
    }

    private static string Read(Payload payload, string name) =>
        payload.Metadata.TryGetValue(name, out var text) ? text.ToStringUtf8() : "";

    /// <summary>The key's id is sealed with the payload: one that is swapped for another's does not open.</summary>
    private static byte[] Bound(string id) => System.Text.Encoding.UTF8.GetBytes($"nstance-gc/{id}");
}
