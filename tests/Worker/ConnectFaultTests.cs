using Nstance.Temporal.Worker.Errors;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// Texts of the SDK's core that a real server gives only now and then; the others are in tests/Security.
/// </summary>
public sealed class ConnectFaultTests
{
    /// <summary>Whether the connection closes before or while the first call is written is a race.</summary>
    [Theory]
    [InlineData(
        "Connection failed: Server connection error: tonic::transport::Error(Transport, hyper::Error(Canceled, "
            + "\"connection closed\")), Status { code: Cancelled, message: \"operation was canceled\", source: "
            + "Some(hyper::Error(Canceled)) }")]
    [InlineData("Status { code: Unknown, message: \"h2 protocol error: http2 error\", source: None }")]
    [InlineData("Status { code: Unknown, message: \"transport error\", source: None }")]
    public void Of_ConnectionClosedByTheServer_SaysWhatItMayWant(string text)
    {
        var plain = new TemporalClientConnectOptions("localhost:1") { Tls = null };
        var tls = new TemporalClientConnectOptions("localhost:1") { Tls = new() };

        Assert.Equal(
            (
                ExitCode.Unreachable,
                "Temporal at localhost:1 cannot be reached: it closed the connection: it may want TLS, which "
                    + "TEMPORAL_TLS=true switches on"),
            Of(text, plain));
        Assert.StartsWith(
            "Temporal at localhost:1 cannot be reached: it closed the connection after the TLS handshake: it may want "
                + "a certificate",
            Of(text, tls).Line,
            StringComparison.Ordinal);
    }

    private static (int Code, string Line) Of(string text, TemporalClientConnectOptions options)
    {
        var fault = ConnectFault.Of(new InvalidOperationException(text), options);
        return (fault.Code, fault.Message);
    }
}
