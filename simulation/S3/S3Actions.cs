using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>The operations on a bucket that answer with XML.</summary>
internal sealed class S3Actions(BucketTruth truth, FaultRoom faults)
{
    private const int MaxKeys = 1000;

    private static readonly XNamespace Ns = "http://s3.amazonaws.com/doc/2006-03-01/";

    public BucketTruth Truth => truth;

    /// <summary>ListObjectsV2. A truncated answer looks complete: that is the danger it is for.</summary>
    public XElement List(string bucket, IQueryCollection query, Fault fault)
    {
        var listing = new Listing(query);
        if (!int.TryParse(query["max-keys"].FirstOrDefault() ?? $"{MaxKeys}", out var max) || max < 0)
            throw new S3Error(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
        max = Math.Min(max, MaxKeys);

        var keys = truth.Keys(bucket, listing.Prefix, listing.After, max + 1);
        var page = keys.Take(fault.Kind is FaultKind.Truncated ? fault.Keep : max).ToList();
        var isLast = max == 0 || keys.Count <= max || fault.Kind is FaultKind.Truncated;
        return Element("ListBucketResult",
            Element("Name", bucket),
            Element("Prefix", listing.Encode(listing.Prefix)),
            Element("MaxKeys", max),
            Element("KeyCount", page.Count),
            Element("IsTruncated", !isLast),
            listing.IsEncoded ? Element("EncodingType", "url") : null,
            listing.Token.Length > 0 ? Element("ContinuationToken", listing.Token) : null,
            isLast ? null : Element("NextContinuationToken", PageToken.Write(page[^1])),
            page.Select(key => Contents(bucket, key, listing)));
    }

    /// <summary>DeleteObjects: up to 1,000 keys; in quiet mode only failures are named.</summary>
    public XElement DeleteMany(string bucket, byte[] body, string caller)
    {
        var asked = Parse(body);
        var objects = asked.Elements().Where(e => e.Name.LocalName == "Object").ToList();
        // A key with an ETag is a condition, which is refused too.
        if (objects.Count is 0 or > MaxKeys) throw Malformed();
        if (objects.Exists(e => Member(e, "Key") is null || Member(e, "ETag") is not null)) throw Malformed();
        var result = Element("DeleteResult");
        foreach (var item in objects)
        {
            var key = Member(item, "Key")!;
            try
            {
                Refuse(faults.Next("DeleteObjects:Key", key));
                truth.Delete(bucket, key, caller);
                if (Member(asked, "Quiet") != "true") result.Add(Element("Deleted", Element("Key", key)));
            }
            catch (S3Error e)
            {
                result.Add(Element(
                    "Error", Element("Key", key), Element("Code", e.Code), Element("Message", e.Message)));
            }
        }

        return result;
    }

    private static XElement Element(string name, params object?[] content) => new(Ns + name, content);

    private static string? Member(XElement element, string name) =>
        element.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;

    private static void Refuse(Fault fault)
    {
        if (fault.Kind is FaultKind.Denied) throw new S3Error(403, "AccessDenied", "Access Denied");
        if (fault.Kind is not FaultKind.None)
            throw new S3Error(500, "InternalError", "We encountered an internal error.");
    }

    private static XElement Parse(byte[] body)
    {
        try
        {
            return XElement.Load(new MemoryStream(body));
        }
        catch (XmlException)
        {
            throw Malformed();
        }
    }

    private static S3Error Malformed() => new(400, "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema");

    private XElement? Contents(string bucket, string key, Listing listing) => truth.Get(bucket, key) is not { } stored
        ? null
        : Element("Contents",
            Element("Key", listing.Encode(key)),
            Element("LastModified", stored.LastModified.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ")),
            Element("ETag", stored.ETag),
            Element("Size", stored.Body.Length),
            Element("StorageClass", "STANDARD"));

    /// <summary>What a listing asks for.</summary>
    private sealed class Listing(IQueryCollection query)
    {
        public string Prefix { get; } = query["prefix"].ToString();

        public string Token { get; } = query["continuation-token"].ToString();

        public bool IsEncoded { get; } = query["encoding-type"].ToString() == "url";

        public string After => Token.Length == 0 ? "" : PageToken.Read(Token)
            ?? throw new S3Error(400, "InvalidArgument", "The continuation token provided is incorrect");

        /// <summary>As a form's values are encoded, with / and * as they are.</summary>
        public string Encode(string text) => !IsEncoded ? text : Uri.EscapeDataString(text)
            .Replace("%2F", "/", StringComparison.Ordinal).Replace("%2A", "*", StringComparison.Ordinal)
            .Replace("%20", "+", StringComparison.Ordinal).Replace("~", "%7E", StringComparison.Ordinal);
    }
}
