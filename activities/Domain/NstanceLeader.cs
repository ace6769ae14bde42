using System.Text.Json;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>What nstance's leader lock says: <c>shard/{shard}/leader.json</c> (contract, "Leader election").</summary>
/// <param name="Id">Server id of the leader; "" only if it resigned.</param>
/// <param name="Address">Host, or address with a port; "" if the file names none.</param>
/// <param name="LastUpdated">When the leader wrote it last, by its own clock; Go's zero time: it resigned.</param>
internal sealed record NstanceLeader(string Id, string Address, DateTimeOffset LastUpdated)
{
    /// <summary>A host name has at most 253 characters. Longer texts must not enter a workflow's history.</summary>
    public const int MaxLength = 253;

    public bool HasResigned => LastUpdated.Year == 1;

    /// <summary>The address without its port.</summary>
    public string Host
    {
        get
        {
            if (Address is ['[', ..] && Address.IndexOf(']') is > 0 and var end) return Address[1..end];
            var colon = Address.IndexOf(':');
            // More than one colon: an IPv6 address without brackets, which carries no port.
            return colon >= 0 && colon == Address.LastIndexOf(':') ? Address[..colon] : Address;
        }
    }

    /// <summary>For messages: the id, and the address if there is one.</summary>
    public string Name => Address.Length > 0 ? $"{Id} at {Address}" : Id;

    /// <summary>Reads the file. Null: <paramref name="why"/> says what is wrong, without quoting content.</summary>
    public static NstanceLeader? Parse(ReadOnlySpan<byte> json, out string why)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            return Parse(document.RootElement, out why);
        }
        catch (JsonException e)
        {
            why = $"is not valid JSON (line {e.LineNumber + 1})";
            return null;
        }
    }

    private static NstanceLeader? Parse(JsonElement root, out string why)
    {
        why = "";
        if (root.ValueKind != JsonValueKind.Object) return Fail("is not a JSON object", out why);
        if (Text(root, "lastUpdated") is not { } text || !GoTime.TryParse(text, out var updated))
            return Fail("has a lastUpdated that is not a time", out why);
        var leader = new NstanceLeader(Text(root, "leaderID") ?? "", Text(root, "leaderAddr") ?? "", updated);
        if (leader.Id.Length == 0 && !leader.HasResigned) return Fail("has no leaderID", out why);
        return IsUsable(leader.Id) && IsUsable(leader.Address)
            ? leader
            : Fail("has a leaderID or leaderAddr that is not a name", out why);
    }

    private static NstanceLeader? Fail(string what, out string why)
    {
        why = what;
        return null;
    }

    private static bool IsUsable(string text) => text.Length <= MaxLength && OneLine.Of(text) == text;

    /// <summary>As Go reads members: without regard to case, and the last one counts.</summary>
    private static string? Text(JsonElement root, string name) => root.EnumerateObject()
        .Where(member => string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
        .Select(member => RecordReader.TextOf(member.Value))
        .LastOrDefault();
}
