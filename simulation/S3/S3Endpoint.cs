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
    S3Actions actions, IReadOnlyList<string> accessKeys, FaultRoom faults, CallCounts calls)
{
    // A key may hold characters that XML 1.0 has no form for; S3 writes them all the same, unless asked for encoding-type=url.
    private static readonly XmlWriterSettings AsS3Writes = new() { CheckCharacters = false, Encoding = new UTF8Encoding(false) };

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var path = http.Request.Path.Value!.TrimStart('/');
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            var (bucket, key) = slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..]);
            var operation = Operation(http.Request, bucket, key);
            calls.Add(operation);
            var caller = Caller(http.Request);
            var fault = faults.Next(operation, key);
            await fault.WaitAsync(http.RequestAborted);
            Refuse(fault, http);
            if (bucket.Length > 0 && operation != "CreateBucket" && !actions.Truth.Exists(bucket))
                throw S3Error.NoSuchBucket(bucket);
            await RunAsync(http, operation, bucket, key, caller, fault);
        }
        catch (S3Error error)
        {
            http.Response.StatusCode = error.Status;
            if (!HttpMethods.IsHead(http.Request.Method) && error.Status != StatusCodes.Status304NotModified)
                await WriteAsync(http, error.Body);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller, or a fault, cut the connection: there is no one to answer.
        }
    }

    private static string Operation(HttpRequest request, string bucket, string key)
    {
        var (level, query) = (bucket.Length == 0 ? 0 : key.Length == 0 ? 1 : 2, request.Query);
        return (request.Method, level) switch
        {
            ("GET", 0) => "ListBuckets",
            ("GET", 1) when query["list-type"] == "2" => "ListObjectsV2",
            ("HEAD", 1) => "HeadBucket",
            ("PUT", 1) => "CreateBucket",
            ("POST", 1) when query.ContainsKey("delete") => "DeleteObjects",
            ("GET", 2) => "GetObject",
            ("HEAD", 2) => "HeadObject",
            ("PUT", 2) => "PutObject",
            ("DELETE", 2) => "DeleteObject",
            _ => throw new S3Error(501, "NotImplemented",
                "A header you provided implies functionality that is not implemented"),
        };
    }

    private string Caller(HttpRequest request)
    {
        var caller = Signature.AccessKey(request) ?? throw new S3Error(403, "AccessDenied", "Access Denied");
        if (accessKeys.Count > 0 && !accessKeys.Contains(caller, StringComparer.Ordinal))
            throw new S3Error(403, "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.");
        return caller;
    }

    private async Task RunAsync(
        HttpContext http, string operation, string bucket, string key, string caller, Fault fault)
    {
        var ct = http.RequestAborted;
        XElement? answer = null;
        switch (operation)
        {
            case "ListBuckets":
                answer = actions.ListBuckets();
                break;
            case "ListObjectsV2":
                answer = actions.List(bucket, http.Request.Query, fault);
                break;
            case "DeleteObjects":
                answer = actions.DeleteMany(bucket, await S3Body.ReadAsync(http.Request, ct), caller);
                break;
            case "CreateBucket" when !actions.Truth.Create(bucket):
                throw new S3Error(409, "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.");
            case "PutObject":
                await PutAsync(http, bucket, key, ct);
                break;
            case "DeleteObject":
                actions.Delete(bucket, key, caller, http.Request.Headers.IfMatch.ToString());
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            case "GetObject" or "HeadObject":
                await GetAsync(http, bucket, key, fault);
                return;
        }

        await fault.WaitAfterAsync(ct);
        if (fault.Kind is FaultKind.LostAnswer)
            http.Abort();
        else if (answer is not null)
            await WriteAsync(http, answer);
    }

    private async Task PutAsync(HttpContext http, string bucket, string key, CancellationToken ct)
    {
        var body = await S3Body.ReadAsync(http.Request, ct);
        var ifMatch = http.Request.Headers.IfMatch.ToString();
        var ifNoneMatch = http.Request.Headers.IfNoneMatch.ToString();
        if (ifMatch.Length > 0 && actions.Truth.Get(bucket, key) is null)
            throw S3Error.NoSuchKey(key);
        var stored = actions.Truth.Put(bucket, key, body, http.Request.ContentType, current =>
            !(ifNoneMatch == "*" && current is not null)
            && (ifMatch.Length == 0 || current?.IsMatch(ifMatch) == true));
        http.Response.Headers.ETag = (stored ?? throw S3Error.Precondition()).ETag;
    }

    private async Task GetAsync(HttpContext http, string bucket, string key, Fault fault)
    {
        var stored = actions.Truth.Get(bucket, key) ?? throw S3Error.NoSuchKey(key);
        var ifMatch = http.Request.Headers.IfMatch.ToString();
        var ifNoneMatch = http.Request.Headers.IfNoneMatch.ToString();
        if (ifMatch.Length > 0 && !stored.IsMatch(ifMatch))
            throw S3Error.Precondition();
        http.Response.Headers.ETag = stored.ETag;
        http.Response.Headers.LastModified = stored.LastModified.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
        if (ifNoneMatch.Length > 0 && stored.IsMatch(ifNoneMatch))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        http.Response.ContentType = stored.ContentType ?? "binary/octet-stream";
        http.Response.ContentLength = stored.Body.Length;
        if (fault.Kind is FaultKind.LostAnswer)
        {
            http.Abort();
        }
        else if (fault.Kind is FaultKind.Truncated)
        {
            await http.Response.Body.WriteAsync(stored.Body.AsMemory(0, Math.Min(fault.Keep, stored.Body.Length)));
            await http.Response.Body.FlushAsync();
            http.Abort();
        }
        else if (HttpMethods.IsGet(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(stored.Body, http.RequestAborted);
        }
    }

    private static void Refuse(Fault fault, HttpContext http)
    {
        switch (fault.Kind)
        {
            case FaultKind.Throttled:
                throw new S3Error(503, "SlowDown", "Please reduce your request rate.");
            case FaultKind.InternalError:
                throw new S3Error(500, "InternalError", "We encountered an internal error. Please try again.");
            case FaultKind.Unavailable:
                throw new S3Error(503, "ServiceUnavailable", "Service is unable to handle request.");
            case FaultKind.Denied:
                throw new S3Error(403, "AccessDenied", "Access Denied");
            case FaultKind.Cut:
                http.Abort();
                throw new OperationCanceledException(http.RequestAborted);
            default:
                return;
        }
    }

    private static async Task WriteAsync(HttpContext http, XElement answer)
    {
        http.Response.ContentType = "application/xml";
        using var body = new MemoryStream();
        using (var xml = XmlWriter.Create(body, AsS3Writes))
            answer.Save(xml);
        await http.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), http.RequestAborted);
    }
}
