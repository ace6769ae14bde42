using System.Net.Sockets;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>The two command lines by which the SDK starts a server.</summary>
internal static class CommandLine
{
    private const string AttributeTypes = "Text, Keyword, Int, Double, Bool, Datetime, KeywordList";

    private const string Help = $"""
        testserver <port> [options]              a time-skipping server, as the SDK's StartTimeSkippingAsync starts it
        testserver server start-dev [options]    a server in real time, as the SDK's StartLocalAsync starts it

          --port <n>                             port (start-dev; default 7233)
          --ip <address>                         address to listen on (default 127.0.0.1)
          --namespace <name>                     registers a namespace; may be repeated ("default" is always there)
          --search-attribute <Name=Type>         registers a search attribute: {AttributeTypes}
          --dynamic-config-value <key=value>     sets a limit; keys that are not known are named in a warning
          --http-port <n>                        serves the JSON API of a real frontend (7243 there)
          --ui-folder <dir>                      serves a build of Temporal's Web UI from a folder
          --ui-port <n>                          port of the Web UI (default: port + 1000); unused without --ui-folder
          --headless                             no Web UI
          --db-filename,
          --log-format, --log-level              accepted; there is no database and no log

        It keeps everything in memory and is for tests and demonstrations only.
        """;

    private static readonly HashSet<string> Ignored = ["--db-filename", "--log-format", "--log-level"];

    private const string PortRange = "a number between 0 and 65535";

    // The SDK gives these to every server that it starts; what they allow is always allowed here.
    private static readonly HashSet<string> FromSdk =
        [
            "frontend.enableServerVersionCheck",
            "frontend.enableUpdateWorkflowExecution",
            "frontend.enableUpdateWorkflowExecutionAsyncAccepted",
        ];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length == 0 || args.Contains("--help") || args.Contains("-h"))
        {
            Console.WriteLine(Help);
            return args.Length == 0 ? 2 : 0;
        }
        TemporalTestServerOptions options;
        try
        {
            options = Parse(args);
        }
        catch (FormatException fault)
        {
            await Console.Error.WriteLineAsync("testserver: " + fault.Message);
            return 2;
        }
        try
        {
            await using var server = await TemporalTestServer.StartAsync(options);
            var time = options.TimeSkipping ? "time-skipping" : "real time";
            Console.WriteLine($"testserver listens on {server.TargetHost} ({time})");
            if (server.HttpAddress is { } http)
                Console.WriteLine($"testserver serves the JSON API on {http}");
            if (server.UiAddress is { } ui)
                Console.WriteLine($"testserver serves the Web UI on {ui}");
            using var end = new CancellationTokenSource();
            Console.CancelKeyPress += (_, e) =>
            {
                e.Cancel = true;
                end.Cancel();
            };
            using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(
                System.Runtime.InteropServices.PosixSignal.SIGTERM,
                context =>
                {
                    context.Cancel = true;
                    end.Cancel();
                });
            await server.WaitForShutdownAsync(end.Token);
            return 0;
        }
        catch (Exception fault) when (fault is IOException or SocketException or FormatException)
        {
            await Console.Error.WriteLineAsync(
                $"testserver: cannot listen on {options.Ip}:{options.Port}: {fault.Message}");
            return 1;
        }
    }

    public static TemporalTestServerOptions Parse(string[] args)
    {
        var skips = int.TryParse(args[0], out var port);
        if (skips && !IsPort(port))
            throw new FormatException($"'{args[0]}' is not a port: {PortRange}");
        if (!skips && !(args.Length >= 2 && args[0] == "server" && args[1] == "start-dev"))
            throw new FormatException($"'{args[0]}' is neither a port nor 'server start-dev'; see --help");
        if (!skips)
            port = 7_233;
        var ip = "127.0.0.1";
        int? http = null;
        int? uiPort = null;
        string? uiFolder = null;
        var namespaces = new List<string> { "default" };
        var attributes = new Dictionary<string, IndexedValueType>();
        var limits = new ServerLimits();
        for (var i = skips ? 1 : 2; i < args.Length; i++)
        {
            var (flag, inline) =
                args[i].Split('=', 2) is [var name, var given] && name.StartsWith("--", StringComparison.Ordinal)
                    ? (name, given)
                    : (args[i], null);
            string Value() =>
                inline ?? (i + 1 < args.Length ? args[++i] : throw new FormatException($"{flag} needs a value"));
            switch (flag)
            {
                case "--port" or "-p": port = Port("--port", Value()); break;
                case "--http-port": http = Port(flag, Value()); break;
                case "--ui-port": uiPort = Port(flag, Value()); break;
                case "--ui-folder":
                    uiFolder = Value();
                    if (!File.Exists(Path.Combine(uiFolder, "index.html")))
                        throw new FormatException(
                            $"--ui-folder {uiFolder}: it has no index.html; give the folder of a built Web UI");
                    break;
                case "--ip":
                    ip = Value();
                    if (!System.Net.IPAddress.TryParse(ip, out _))
                        throw new FormatException($"--ip {ip}: give an address, for example 127.0.0.1");
                    break;
                case "--namespace" or "-n": namespaces.Add(Value()); break;
                case "--search-attribute": Attribute(attributes, Value()); break;
                case "--dynamic-config-value":
                    var pair = Value().Split('=', 2);
                    if (pair.Length != 2)
                        throw new FormatException($"--dynamic-config-value {pair[0]}: give key=value");
                    if (!limits.TrySet(pair[0], pair[1]) && !FromSdk.Contains(pair[0]))
                        Console.Error.WriteLine(
                            $"testserver: warning: --dynamic-config-value {pair[0]} is not known and ignored");
                    break;
                case "--headless": uiFolder = null; break;
                case "--enable-time-skipping": break;
                case var known when Ignored.Contains(known): Value(); break;
                default:
                    Console.Error.WriteLine($"testserver: warning: '{args[i]}' is not known and ignored");
                    if (inline == null && i + 1 < args.Length && !args[i + 1].StartsWith('-'))
                        i++;
                    break;
            }
        }
        return new()
        {
            Ip = ip,
            Port = port,
            HttpPort = http,
            UiFolder = uiFolder,
            UiPort = uiPort ?? (port is 0 or > 64_535 ? 0 : port + 1_000),
            TimeSkipping = skips,
            Namespaces = [.. namespaces.Distinct()],
            SearchAttributes = attributes,
            Limits = limits,
        };
    }

    private static int Port(string flag, string text) =>
        int.TryParse(text, out var number) && IsPort(number)
            ? number
            : throw new FormatException($"{flag}: {PortRange}");

    private static bool IsPort(int number) => number is >= 0 and < 65_536;

    private static void Attribute(Dictionary<string, IndexedValueType> attributes, string text)
    {
        if (text.Split('=', 2) is not [{ Length: > 0 } name, var type]
            || !Enum.TryParse<IndexedValueType>(type, ignoreCase: true, out var parsed)
            || parsed == IndexedValueType.Unspecified)
            throw new FormatException($"--search-attribute {text}: give Name=Type, for example Owner=Keyword");
        attributes[name] = parsed;
    }
}
