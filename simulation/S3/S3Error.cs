using System.Xml.Linq;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>An error as S3 answers it.</summary>
internal sealed class S3Error(int status, string code, string message, string? resource = null) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    public XElement Body => new("Error", new XElement("Code", code), new XElement("Message", Message),
        resource is null ? null : new XElement("Resource", resource), new XElement("RequestId", $"{Guid.NewGuid():N}"));

    public static S3Error NoSuchBucket(string bucket) =>
        new(404, "NoSuchBucket", "The specified bucket does not exist", "/" + bucket);

    public static S3Error NoSuchKey(string key) => new(404, "NoSuchKey", "The specified key does not exist.", key);
}
