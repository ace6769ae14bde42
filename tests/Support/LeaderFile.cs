using System.Text;
using System.Text.Json;

namespace Nstance.Temporal.Tests.Support;

/// <summary>Content of <c>leader.json</c> as nstance writes it.</summary>
internal static class LeaderFile
{
    public const string Id = "nst-1";
    public const string Address = "10.0.3.4:9000";

    /// <summary>A leader that wrote the file just now.</summary>
    public static byte[] Alive(DateTimeOffset now, string id = Id) => Of(id, Address, now);

    public static byte[] Of(string id, string address, DateTimeOffset lastUpdated) => Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize(new { leaderID = id, leaderAddr = address, lastUpdated }));
}
