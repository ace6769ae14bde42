using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>The operations on a bucket that answer with XML.</summary>
internal sealed class S3Actions(BucketTruth truth, FaultRoom faults)
{
    private static readonly XNamespace Ns = "http://s3.amazonaws.com/doc/2006-03-01/";

    public BucketTruth Truth => truth;

    public XElement ListBuckets() => new(Ns + "ListAllMyBucketsResult",
        new XElement(Ns + "Owner", new XElement(Ns + "ID", "owner")),
        new XElement(Ns + "Buckets", truth.Names.Select(name => new XElement(Ns + "Bucket",
            new XElement(Ns + "Name", name), new XElement(Ns + "CreationDate", "2026-01-01T00:00:00.000Z")))));

    /// <summary>ListObjectsV2. A truncated answer looks complete: that is the danger it is for.</summary>
    public XElement List(string bucket, IQueryCollection query, Fault fault)
    {
        var prefix = query["prefix"].ToString();
        var delimiter = query["delimiter"].ToString();
        var startAfter = query["start-after"].ToString();
        var token = query["continuation-token"].ToString();
        var encoded = query["encoding-type"].ToString() == "url";
        if (!int.TryParse(query["max-keys"].FirstOrDefault() ?? "1000", out var max) || max < 0)
            throw new S3Error(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
        max = Math.Min(max, 1000);

        var after = token.Length > 0 ? S3PageToken.Read(token) : startAfter;
        var items = new List<(string Name, bool IsPrefix)>();
        var more = false;
        foreach (var key in delimiter.Length == 0
            ? truth.Keys(bucket, prefix, after, max + 1)
            : truth.Keys(bucket, prefix, after))
        {
            var cut = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            var name = cut < 0 ? key : key[..(cut + delimiter.Length)];
            if (cut >= 0 && (items.Count > 0 && items[^1].Name == name || Utf8Order.Instance.Compare(name, after) <= 0
                && after.StartsWith(name, StringComparison.Ordinal)))
                continue;
            if (items.Count == max)
            {
                more = max > 0;
                break;
            }

            items.Add((name, cut >= 0));
        }

        if (fault.Kind is FaultKind.Truncated)
            (items, more) = ([.. items.Take(fault.Keep)], false);
        return Listing(bucket, items, more, max, encoded, (prefix, delimiter, startAfter, token));
    }

    /// <summary>DeleteObjects: up to 1,000 keys; in quiet mode only failures are named.</summary>
    public XElement DeleteMany(string bucket, byte[] body, string caller)
    {
        XElement asked;
        try
        {
            asked = XElement.Load(new MemoryStream(body));
        }
        catch (XmlException)
        {
            throw Malformed();
        }

        var keys = asked.Elements().Where(e => e.Name.LocalName == "Object")
            .Select(e => (Key: Member(e, "Key") ?? throw Malformed(), IfMatch: Member(e, "ETag") ?? "")).ToList();
        if (keys.Count is 0 or > 1000)
            throw Malformed();
        var quiet = asked.Elements().FirstOrDefault(e => e.Name.LocalName == "Quiet")?.Value == "true";
        var result = new XElement(Ns + "DeleteResult");
        foreach (var (key, ifMatch) in keys)
        {
            var fault = faults.Next("DeleteObjects:Key", key);
            if (fault.Kind is not FaultKind.None)
            {
                var denied = fault.Kind is FaultKind.Denied;
                result.Add(Refusal(key, denied ? "AccessDenied" : "InternalError", denied ? "Access Denied" : "We encountered an internal error."));
                continue;
            }

            try
            {
                Delete(bucket, key, caller, ifMatch);
                if (!quiet)
                    result.Add(new XElement(Ns + "Deleted", new XElement(Ns + "Key", key)));
            }
            catch (S3Error error)
            {
                result.Add(Refusal(key, error.Code, error.Message));
            }
        }

        return result;
    }

    /// <summary>Deletes an object; with <paramref name="ifMatch"/> only the version that it names, <c>*</c>: any.</summary>
    public void Delete(string bucket, string key, string caller, string ifMatch)
    {
        if (ifMatch.Length > 0 && truth.Get(bucket, key) is null)
            throw S3Error.NoSuchKey(key);
        if (!truth.Delete(bucket, key, caller, current => ifMatch.Length == 0 || current.IsMatch(ifMatch)) && ifMatch.Length > 0)
            throw S3Error.Precondition();
    }

    private static string? Member(XElement element, string name) =>
        element.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;

    private static XElement Refusal(string key, string code, string message) => new(Ns + "Error",
        new XElement(Ns + "Key", key), new XElement(Ns + "Code", code), new XElement(Ns + "Message", message));

    private XElement Listing(
        string bucket, List<(string Name, bool IsPrefix)> items, bool more, int max, bool encoded,
        (string Prefix, string Delimiter, string StartAfter, string Token) asked)
    {
        string Text(string text) => encoded ? Encode(text) : text;
        return new XElement(Ns + "ListBucketResult",
            new XElement(Ns + "Name", bucket),
            new XElement(Ns + "Prefix", Text(asked.Prefix)),
            new XElement(Ns + "MaxKeys", max),
            new XElement(Ns + "KeyCount", items.Count),
            new XElement(Ns + "IsTruncated", more),
            encoded ? new XElement(Ns + "EncodingType", "url") : null,
            asked.Delimiter.Length > 0 ? new XElement(Ns + "Delimiter", Text(asked.Delimiter)) : null,
            asked.StartAfter.Length > 0 ? new XElement(Ns + "StartAfter", Text(asked.StartAfter)) : null,
            asked.Token.Length > 0 ? new XElement(Ns + "ContinuationToken", asked.Token) : null,
            more && items.Count > 0
                ? new XElement(Ns + "NextContinuationToken", S3PageToken.Write(items[^1].Name))
                : null,
            items.Where(item => !item.IsPrefix).Select(item => (item.Name, Object: truth.Get(bucket, item.Name)))
                .Where(item => item.Object is not null)
                .Select(item => new XElement(Ns + "Contents",
                    new XElement(Ns + "Key", Text(item.Name)),
                    new XElement(Ns + "LastModified", item.Object!.LastModified.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ")),
                    new XElement(Ns + "ETag", item.Object.ETag),
                    new XElement(Ns + "Size", item.Object.Body.Length),
                    new XElement(Ns + "StorageClass", "STANDARD"))),
            items.Where(item => item.IsPrefix)
                .Select(item => new XElement(Ns + "CommonPrefixes", new XElement(Ns + "Prefix", Text(item.Name)))));
    }

    // As a form's values are encoded, with / and * as they are.
    private static string Encode(string text) => Uri.EscapeDataString(text)
        .Replace("%2F", "/", StringComparison.Ordinal).Replace("%2A", "*", StringComparison.Ordinal)
        .Replace("%20", "+", StringComparison.Ordinal).Replace("~", "%7E", StringComparison.Ordinal);

    private static S3Error Malformed() => new(400, "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema");
}
