using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>From what we know to parameters. The only place where a secret leaves its wrapper: into <c>nonce</c>.</summary>
internal sealed partial class ShardDatabase
{
    private static void BindCloud(SqliteCommand command, Refreshed row)
    {
        Set(command, "$id", row.Id);
        Set(command, "$provider", row.ProviderId);
        Set(command, "$state", row.ProviderState);
        Set(command, "$hostname", row.Hostname);
        Set(command, "$ip4", row.Ip4);
        Set(command, "$ip6", row.Ip6);
    }

    private static NewRow FromRecord((string Key, string ETag, InstanceRecord Record) item)
    {
        var (key, etag, record) = item;
        var id = record.InstanceId.ToString();

        // The record's own status is no evidence about the machine: the sync brings the cloud's.
        var state = LocalDb.ProviderState.With(null, new(InstanceStatus.Unknown) { InstanceId = id, ProviderId = record.ProviderId });
        var cloud = new Refreshed(
            id, record.ProviderId ?? "", state, record.PrivateIpv4, record.PrivateIpv6, record.Hostname);
        return new NewRow(id, record.ProviderId ?? "", record.CreatedAt, cloud)
        {
            Record = record,
            RecordKey = key,
            ETag = etag,
        };
    }

    private static void BindNew(SqliteCommand command, NewRow row, string? providerAt)
    {
        var record = row.Record;
        BindCloud(command, row.Cloud);
        Set(command, "$provider", row.ProviderId.Length == 0 ? null : row.ProviderId);
        Set(command, "$providerAt", providerAt);
        Set(command, "$tenant", record?.Tenant ?? "");
        Set(command, "$group", record?.Group ?? row.Group);
        Set(command, "$demand", record?.OnDemand is true ? 1 : 0);
        Set(command, "$nonce", record is { RegistrationJwt.IsEmpty: false }
            ? record.RegistrationJwt.Reveal()
            : $"gc-orphan:{row.Id}:{row.ProviderId}");
        Set(command, "$otherNonce", $"gc-record:{row.Id}:{row.ProviderId}");
        Set(command, "$issued", GoTime.Format(row.IssuedAt));
        Set(command, "$created", GoTime.Format(record?.CreatedAt ?? row.IssuedAt));
        Set(command, "$registered", record?.RegisteredAt is { } registered ? GoTime.Format(registered) : null);
        Set(command, "$hash", record?.InfraConfigHash);
        Set(command, "$pub", record?.PublicKeyPem);
    }

    private static void BindRecordMark(
        SqliteCommand command, string id, string? key, string? etag, InstanceRecord? record, string? seen)
    {
        Set(command, "$id", id);
        Set(command, "$key", key);
        Set(command, "$etag", etag);
        Set(command, "$status", record?.Status.Name());
        Set(command, "$orphan", record is null ? 1 : 0);
        Set(command, "$seen", seen);
    }
}
