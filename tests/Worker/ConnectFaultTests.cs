using Nstance.Temporal.Worker.Errors;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// Texts of the SDK's core that a real server gives only now and then; the others are in tests/Security.
/// </summary>
public sealed class ConnectFaultTests
{
    /// <summary>The connection closes before or during the first call, which is a race.</summary>
    [Theory]
    [InlineData(
        "Connection failed: Server connection error: tonic::transport::Error(Transport, hyper::Error(Canceled, "
            + "\"connection closed\")), Status { code: Cancelled, message: \"operation was canceled\", source: "
            + "Some(hyper::Error(Canceled)) }")]
    [InlineData("Status { code: Unknown, message: \"h2 protocol error: http2 error\", source: None }")]
    [InlineData("Status { code: Unknown, message: \"transport error\", source: None }")]
    public void Of_ConnectionClosedByTheServer_NamesPossibleReasons(string text)
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

    [Theory]
    [InlineData(
        "Connection failed: Server connection error: tonic::transport::Error(Transport, ConnectError(ConnectError("
            + "\"tcp connect error\", 127.0.0.1:4, Os { code: 104, kind: ConnectionReset, message: \"Connection reset "
            + "by peer\" })))",
        "it reset the connection, or a firewall did")]
    [InlineData(
        "Connection failed: Server connection error: tonic::transport::Error(Transport, ConnectError(Custom { kind: "
            + "UnexpectedEof, error: \"tls handshake eof\" }))",
        "it closed the connection during the TLS handshake: correct the port")]
    [InlineData(
        "Connection failed: Server connection error: tonic::transport::Error(Transport, ConnectError(Os { code: 113, "
            + "message: \"No route to host\" }))",
        "no network leads there")]
    [InlineData(
        "Status { code: Unimplemented, message: \"grpc-status header missing, mapped from HTTP status code 404\" }",
        "what answers there is another service or a proxy, not Temporal")]
    [InlineData(
        "Status { code: PermissionDenied, message: \"grpc-status header missing, mapped from HTTP status code 403\" }",
        "what answers there is another service or a proxy, not Temporal")]
    [InlineData(
        "Connection failed: tonic::transport::Error(Transport, ConnectError(Custom { error: \"something new\" }))",
        "something new: check --address")]
    [InlineData("tonic::transport::Error(Transport, Odd)", "the connection failed: check --address")]
    public void Of_TextOfTheSdksCore_IsSaidInPlainWords(string text, string expected)
    {
        var (code, line) = Of(text, new("localhost:1"));

        Assert.Equal(ExitCode.Unreachable, code);
        Assert.StartsWith($"Temporal at localhost:1 cannot be reached: {expected}", line, StringComparison.Ordinal);
        Assert.DoesNotContain("::", line);
    }

    private static (int Code, string Line) Of(string text, TemporalClientConnectOptions options)
    {
        var fault = ConnectFault.Of(new InvalidOperationException(text), options);
        return (fault.Code, fault.Message);
    }
}
