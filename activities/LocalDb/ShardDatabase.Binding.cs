using System.Text;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>From what we know to parameters. The only place where a secret leaves its wrapper: into <c>nonce</c>.</summary>
internal sealed partial class ShardDatabase
{
    private int RefreshOne(Refreshed row, string at)
    {
        var refresh = Raw(Statements.Refresh, "$id", "$at", "$provider", "$state", "$hostname", "$ip4", "$ip6");
        refresh.Bind(0, row.Id);
        refresh.Bind(1, at);
        refresh.Bind(2, row.ProviderId);
        refresh.Bind(3, row.ProviderState);
        refresh.Bind(4, row.Hostname);
        refresh.Bind(5, row.Ip4);
        refresh.Bind(6, row.Ip6);
        return refresh.Run();
    }

    private NewRow FromRecord((string Key, string ETag, InstanceRecord Record) item)
    {
        var (key, etag, record) = item;
        var id = record.InstanceId.ToString();

        // The record's own status is no evidence about the machine: the sync brings the cloud's.
        var state = Encoding.UTF8.GetString(
            _state.With([], new(InstanceStatus.Unknown) { InstanceId = id, ProviderId = record.ProviderId }));
        var cloud = new Refreshed(
            id, record.ProviderId ?? "", state, record.PrivateIpv4, record.PrivateIpv6, record.Hostname);
        return new NewRow(id, record.ProviderId ?? "", record.CreatedAt, cloud)
        {
            Record = record,
            RecordKey = key,
            ETag = etag,
        };
    }

    private static string Nonce(NewRow row) => row.Record is { RegistrationJwt.IsEmpty: false } record
        ? record.RegistrationJwt.Reveal()
        : $"gc-orphan:{row.Id}:{row.ProviderId}";

    private int InsertOne(NewRow row, string at, string? providerAt, string nonce)
    {
        var insert = Raw(
            Statements.Insert, "$id", "$tenant", "$group", "$demand", "$provider", "$providerAt", "$hostname", "$ip4", "$ip6",
            "$state", "$nonce", "$otherNonce", "$issued", "$registered", "$hash", "$pub", "$created", "$at");
        var (record, issued) = (row.Record, GoTime.Format(row.IssuedAt));
        insert.Bind(0, row.Id);
        insert.Bind(1, record?.Tenant ?? "");
        insert.Bind(2, record?.Group ?? row.Group);
        insert.Bind(3, record?.OnDemand is true ? 1 : 0);
        insert.Bind(4, row.ProviderId.Length == 0 ? null : row.ProviderId);
        insert.Bind(5, providerAt);
        insert.Bind(6, row.Cloud.Hostname);
        insert.Bind(7, row.Cloud.Ip4);
        insert.Bind(8, row.Cloud.Ip6);
        insert.Bind(9, row.Cloud.ProviderState);
        insert.Bind(10, nonce);
        insert.Bind(11, $"gc-record:{row.Id}:{row.ProviderId}");
        insert.Bind(12, issued);
        insert.Bind(13, Text(record?.RegisteredAt));
        insert.Bind(14, record?.InfraConfigHash);
        insert.Bind(15, record?.PublicKeyPem);
        insert.Bind(16, record is null || record.CreatedAt == row.IssuedAt ? issued : GoTime.Format(record.CreatedAt));
        insert.Bind(17, at);
        return insert.Run();
    }

    private int CompleteOne(NewRow row, string at)
    {
        var complete = Raw(Statements.Complete, "$id", "$tenant", "$group", "$registered", "$provider", "$at");
        complete.Bind(0, row.Id);
        complete.Bind(1, row.Record!.Tenant);
        complete.Bind(2, row.Record.Group);
        complete.Bind(3, Text(row.Record.RegisteredAt));
        complete.Bind(4, row.Record.ProviderId);
        complete.Bind(5, at);
        return complete.Run();
    }

    private void MarkRecord(NewRow row, string? seen)
    {
        var mark = Raw(Statements.MarkRecord, "$id", "$key", "$etag", "$status", "$orphan", "$seen");
        mark.Bind(0, row.Id);
        mark.Bind(1, row.RecordKey);
        mark.Bind(2, row.ETag);
        mark.Bind(3, row.Record?.Status.Name());
        mark.Bind(4, row.Record is null ? 1 : 0);
        mark.Bind(5, seen);
        mark.Run();
    }

    private static string? Text(DateTimeOffset? time) => time is { } at ? GoTime.Format(at) : null;
}
