using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>S3's REST protocol, path style: who asks, what happens to the call, the answer or the error.</summary>
internal sealed class S3Endpoint(
    S3Actions actions, IReadOnlyList<string> accessKeys, FaultRoom faults, CallCounts calls, string? olderStore)
{
    // A key may hold characters that XML 1.0 has no form for. S3 writes them unless asked for encoding-type=url.
    private static readonly XmlWriterSettings AsS3Writes =
        new() { CheckCharacters = false, Encoding = new UTF8Encoding(false) };

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            string[] path = [.. http.Request.Path.Value!.TrimStart('/').Split('/', 2), ""];
            var call = new Call(http, Operation(http.Request, path[0], path[1]), path[0], path[1]);
            calls.Add(call.Operation);
            var caller = Caller(http.Request);
            var fault = faults.Next(call.Operation, call.Key);
            await fault.WaitAsync(FaultKind.Held, http.RequestAborted);
            if ((Refusal(fault) ?? OlderRefusal(call)) is { } refusal) throw refusal;
            if (fault.Kind is not FaultKind.Cut) await RunAsync(call, caller, fault);
            else http.Abort();
        }
        catch (S3Error error)
        {
            http.Response.StatusCode = error.Status;
            await WriteAsync(http, error.Body);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller closed the connection.
        }
    }

    private static string Operation(HttpRequest request, string bucket, string key) =>
        (request.Method, bucket.Length == 0 ? 0 : key.Length == 0 ? 1 : 2) switch
        {
            // The collector makes no conditional call. Ignoring a condition would be dangerous.
            _ when request.Headers.IfMatch.Count + request.Headers.IfNoneMatch.Count > 0 => throw NotImplemented(),
            ("GET", 1) when request.Query["list-type"] == "2" => "ListObjectsV2",
            ("POST", 1) when request.Query.ContainsKey("delete") => "DeleteObjects",
            ("GET", 2) => "GetObject",
            ("PUT", 2) => "PutObject",
            ("DELETE", 2) => "DeleteObject",
            _ => throw NotImplemented(),
        };

    private static S3Error NotImplemented() =>
        new(501, "NotImplemented", "A header you provided implies functionality that is not implemented");

    private string Caller(HttpRequest request)
    {
        var caller = Signature.AccessKey(request) ?? throw new S3Error(403, "AccessDenied", "Access Denied");
        if (accessKeys.Count == 0 || accessKeys.Contains(caller)) return caller;
        throw new S3Error(403, "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.");
    }

    private async Task RunAsync(Call call, string caller, Fault fault)
    {
        if (!actions.Truth.Exists(call.Bucket)) throw S3Error.NoSuchBucket(call.Bucket);
        var ct = call.Http.RequestAborted;
        XElement? answer = null;
        switch (call.Operation)
        {
            case "ListObjectsV2":
                answer = actions.List(call.Bucket, call.Http.Request.Query, fault);
                break;
            case "DeleteObjects":
                answer = actions.DeleteMany(call.Bucket, await S3Body.ReadAsync(call.Http.Request, ct), caller);
                break;
            case "PutObject":
                var body = await S3Body.ReadAsync(call.Http.Request, ct);
                var put = actions.Truth.Put(call.Bucket, call.Key, body);
                call.Http.Response.Headers.ETag = put.ETag;
                break;
            case "DeleteObject":
                actions.Truth.Delete(call.Bucket, call.Key, caller);
                call.Http.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            case "GetObject":
                await GetAsync(call, fault);
                return;
        }

        await fault.WaitAsync(FaultKind.HeldAfter, ct);
        if (fault.Kind is FaultKind.LostAnswer) call.Http.Abort();
        else if (answer is not null) await WriteAsync(call.Http, answer);
    }

    private async Task GetAsync(Call call, Fault fault)
    {
        var stored = actions.Truth.Get(call.Bucket, call.Key) ?? throw S3Error.NoSuchKey(call.Key);
        var response = call.Http.Response;
        response.Headers.ETag = stored.ETag;
        response.Headers.LastModified = stored.LastModified.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
        response.ContentLength = stored.Body.Length;
        if (fault.Kind is FaultKind.Truncated)
        {
            await response.Body.WriteAsync(stored.Body.AsMemory(0, Math.Min(fault.Keep, stored.Body.Length)));
            await response.Body.FlushAsync();
        }

        if (fault.Kind is FaultKind.LostAnswer or FaultKind.Truncated) call.Http.Abort();
        else await response.Body.WriteAsync(stored.Body, call.Http.RequestAborted);
    }

    private static S3Error? Refusal(Fault fault) => fault.Kind switch
    {
        FaultKind.Throttled => new(503, "SlowDown", "Please reduce your request rate."),
        FaultKind.InternalError => new(500, "InternalError", "We encountered an internal error. Please try again."),
        FaultKind.Unavailable => new(503, "ServiceUnavailable", "Service is unable to handle request."),
        FaultKind.Denied => new(403, "AccessDenied", "Access Denied"),
        _ => null,
    };

    /// <summary>What a store refuses that was written before AWS's newer checksums.</summary>
    private S3Error? OlderRefusal(Call call)
    {
        if (olderStore is null) return null;
        var headers = call.Http.Request.Headers;
        if (headers["x-amz-content-sha256"].ToString().EndsWith("-TRAILER", StringComparison.Ordinal))
            return new(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header is not known.");
        return call.Operation == "DeleteObjects" && headers.ContentMD5.Count == 0
            ? new(
                olderStore == "NotImplemented" ? 501 : 400, olderStore,
                "Missing required header for this request: Content-Md5.")
            : null;
    }

    private static async Task WriteAsync(HttpContext http, XElement answer)
    {
        http.Response.ContentType = "application/xml";
        using var body = new MemoryStream();
        using (var xml = XmlWriter.Create(body, AsS3Writes)) answer.Save(xml);
        await http.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), http.RequestAborted);
    }

    private sealed record Call(HttpContext Http, string Operation, string Bucket, string Key);
}
