using System.Buffers.Text;
using System.Text;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>Tokens of pages, opaque to callers: the last id of the page before.</summary>
internal static class Ec2PageToken
{
    private const string Mark = "page:";

    public static string Write(string lastId) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Mark + lastId));

    public static string Read(string token)
    {
        if (Base64Url.IsValid(token)
            && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)) is var text
            && text.StartsWith(Mark, StringComparison.Ordinal))
            return text[Mark.Length..];
        throw new Ec2Error("InvalidNextToken", "The token is invalid or has expired.");
    }
}

/// <summary>Readings of a form that need the truth.</summary>
internal static class Ec2FormReadings
{
    public static Machine Single(this Ec2Form form, Ec2Truth truth)
    {
        var id = form.Required("InstanceId");
        if (!Ec2Form.IsWellFormed(id))
            throw Ec2Error.Malformed(id);
        return truth.FindVisible(id) ?? throw Ec2Error.NotFound([id]);
    }

    /// <summary>Resources and tags of CreateTags and DeleteTags; a dry run ends here.</summary>
    public static (IReadOnlyList<Machine> Machines, IReadOnlyList<(string Key, string? Value)> Tags) Tagged(
        this Ec2Form form, Ec2Truth truth)
    {
        var ids = form.List("ResourceId");
        if (ids.Count == 0)
            throw Ec2Error.Missing("ResourceIdSet");
        if (ids.FirstOrDefault(id => !Ec2Form.IsWellFormed(id)) is { } malformed)
            throw Ec2Error.NoResource(malformed);
        var machines = ids.Select(id => truth.FindVisible(id) ?? throw Ec2Error.NotFound([id])).ToList();
        form.EndHereIfDryRun();
        return (machines, form.Tags("Tag"));
    }
}
