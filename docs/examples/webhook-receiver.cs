// A receiver for the webhook of nstance-gc. It needs only the .NET 10 SDK.
//
//   dotnet run webhook-receiver.cs -- http://127.0.0.1:8080/ SECRET-FILE COMMAND
//
// It verifies the signature and the time of each post and takes each notification once. For each group that lost an
// instance it starts the command with tenant and group. A command that fails is started again with the next retry.
// The command should make nstance reconcile the group, for example by an upsert with its present size.
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WebhookExample;

#if !RECEIVER_IS_TESTED
if (args is not [var url, var secretFile, var command])
{
    Console.Error.WriteLine("usage: dotnet run webhook-receiver.cs -- URL SECRET-FILE COMMAND");
    return 2;
}

var secret = Encoding.UTF8.GetBytes(File.ReadAllText(secretFile).TrimEnd('\r', '\n'));
var receiver = new Receiver(secret, TimeProvider.System, (tenant, group) =>
{
    Console.WriteLine($"{tenant}/{group} lost an instance");
    using var process = Process.Start(command, [tenant, group]);
    process.WaitForExit();
    return process.ExitCode == 0;
});
using var listener = new HttpListener();
listener.Prefixes.Add(url);
listener.Start();
Console.WriteLine($"listening on {url}");
while (true)
{
    var context = await listener.GetContextAsync();
    using var body = new MemoryStream();
    await context.Request.InputStream.CopyToAsync(body);
    var headers = context.Request.Headers;
    // nstance-gc asks with HEAD at its start whether the receiver is there.
    context.Response.StatusCode = context.Request.HttpMethod != "POST" ? 204 : receiver.Take(
        headers["Nstance-Gc-Timestamp"], headers["Nstance-Gc-Key"], headers["Nstance-Gc-Signature"], body.ToArray());
    context.Response.Close();
}
#endif

namespace WebhookExample
{
    /// <summary>Verifies posts of nstance-gc, and hands each of them on once.</summary>
    /// <param name="secret">The bytes of <c>--webhook-secret-file</c>, without the line end.</param>
    /// <param name="time">The receiver's clock.</param>
    /// <param name="groupChanged">Takes tenant and group. False: it failed, and nstance-gc posts again.</param>
    internal sealed class Receiver(byte[] secret, TimeProvider time, Func<string, string, bool> groupChanged)
    {
        /// <summary>A post that is older or newer may be a replay.</summary>
        private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

        private readonly Dictionary<string, DateTimeOffset> _done = [];
        private readonly Lock _lock = new();

        /// <summary>Returns the status: nstance-gc posts again after 5xx, and gives up after 4xx.</summary>
        public int Take(string? timestamp, string? key, string? signature, byte[] body)
        {
            if (!IsSigned(timestamp, signature, body)) return 401;
            if (string.IsNullOrEmpty(key)) return 400;
            lock (_lock)
            {
                var now = time.GetUtcNow();
                foreach (var old in _done.Where(done => now - done.Value > Tolerance + Tolerance).ToList())
                    _done.Remove(old.Key);
                if (_done.ContainsKey(key)) return 200;
                try
                {
                    if (!Handle(body)) return 500;
                }
                catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
                {
                    return 400;
                }

                _done[key] = now;
                return 200;
            }
        }

        private bool Handle(byte[] body)
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.GetProperty("kind").GetString() != "GroupChanged") return true;
            return json.RootElement.GetProperty("events").EnumerateArray()
                .Select(e => (Tenant: e.GetProperty("tenant").GetString()!, Group: e.GetProperty("group").GetString()!))
                .Distinct()
                .ToList()
                .TrueForAll(changed => groupChanged(changed.Tenant, changed.Group));
        }

        private bool IsSigned(string? timestamp, string? signature, byte[] body)
        {
            if (timestamp is null || signature is null
                || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                || Math.Abs((double)time.GetUtcNow().ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds)
                return false;
            byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp + "."), .. body];
            var expected = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed));
            return CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(signature), Encoding.ASCII.GetBytes(expected));
        }
    }
}
