using System.Diagnostics.CodeAnalysis;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Object keys of instance records, always inside their shard's prefix.</summary>
internal static class RecordKey
{
    private const string Suffix = ".json";

    public static string Prefix(ShardRef shard) => ShardKeys.Root(shard) + "instance/";

    public static string For(ShardRef shard, string tenant, InstanceId id) =>
        Identifiers.IsValid(tenant) && id.Kind is not null
            ? $"{Prefix(shard)}{tenant}.{id.StorageKey}{Suffix}"
            : throw new ArgumentException("no record key without a tenant id and an instance id", nameof(tenant));

    public static bool TryParse(ShardRef shard, string? key, [NotNullWhen(true)] out string? tenant, out InstanceId id)
    {
        tenant = null;
        id = default;
        var prefix = Prefix(shard);
        if (key is null || !key.StartsWith(prefix, StringComparison.Ordinal)) return false;
        if (!key.EndsWith(Suffix, StringComparison.Ordinal) || key.Length < prefix.Length + Suffix.Length) return false;
        var name = key[prefix.Length..^Suffix.Length];
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Identifiers.IsValid(name[..dot])) return false;
        if (!InstanceId.TryParseStorageKey(name[(dot + 1)..], out id)) return false;
        tenant = name[..dot];
        return true;
    }
}
