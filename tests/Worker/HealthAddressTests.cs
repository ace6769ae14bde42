using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Health and metrics have no authentication, so the worker serves them only at the given address.</summary>
public sealed class HealthAddressTests : LoopbackShard
{
    [Fact]
    public async Task Run_NoAddress_ListensNowhere()
    {
        await using var process = WorkerProcess.Start(WorkerProcess.Environment(Server, key: null), "run");
        await process.LogUntilAsync(Ready, Token);

        Assert.Empty(Listeners(process.Id));
    }

    /// <summary>Not the usual loopback address, which a default could be.</summary>
    [Fact]
    public async Task Run_AddressGiven_ListensThereOnly()
    {
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(Server, key: null), "run", "--health-address", "127.0.0.2:0");
        await process.LogUntilAsync("Health and metrics at ", Token);

        var listener = Assert.Single(Listeners(process.Id));

        Assert.Equal(IPAddress.Parse("127.0.0.2"), listener.Address);
        using var there = new TcpClient();
        await there.ConnectAsync(listener, Token);
        using var elsewhere = new TcpClient();
        var refused = await Assert.ThrowsAsync<SocketException>(
            () => elsewhere.ConnectAsync(IPAddress.Loopback, listener.Port, Token).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Theory]
    [InlineData("9464")]
    [InlineData(":9464")]
    [InlineData("localhost:9464")]
    [InlineData("*:9464")]
    [InlineData("127.0.0.1")]
    public async Task Run_InvalidAddress_IsRefused(string address)
    {
        var cli = await SteerAsync($"run --health-address {address}");

        Assert.Equal(2, cli.Code);
        Assert.Equal(
            [
                $"nstance-gc: --health-address: \"{address}\" is not an IP address with a port, "
                    + "such as 127.0.0.1:9464 or [::1]:9464, or off",
            ],
            cli.Errors);
    }

    /// <summary>Returns where a process listens, from /proc: its descriptors name the inodes of the sockets.</summary>
    private static IReadOnlyList<IPEndPoint> Listeners(int process)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var own = Directory.GetFiles($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget).ToHashSet();
        return
        [
            .. from table in new[] { "tcp", "tcp6" }
               let file = $"/proc/{process}/net/{table}"
               where File.Exists(file)
               from line in File.ReadLines(file).Skip(1)
               let field = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where field[3] == "0A" && own.Contains($"socket:[{field[9]}]")
               select EndPoint(field[1]),
        ];
    }

    /// <summary>Parses an end point: words of four bytes in the machine's order, a colon, the port.</summary>
    private static IPEndPoint EndPoint(string text)
    {
        var parts = text.Split(':');
        var bytes = parts[0].Chunk(8).SelectMany(word => BitConverter.GetBytes(Hex<uint>(new(word))));
        return new(new IPAddress(bytes.ToArray()), Hex<int>(parts[1]));
    }

    private static T Hex<T>(string text)
        where T : INumberBase<T> => T.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
