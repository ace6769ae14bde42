using System.Diagnostics;
using System.Net;
using Amazon.Runtime;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Runs one call to AWS under a time limit (the SDK's own few retries included) and turns whatever goes wrong into one
/// line with a meaning. Our own time limit is a fault; the caller's cancellation stays a cancellation.
/// </summary>
/// <param name="Service">"EC2" or "S3".</param>
/// <param name="Place">Endpoint or region, as it is shown.</param>
/// <param name="Timeout">Maximum time for a call.</param>
internal sealed record AwsCall(string Service, string Place, TimeSpan Timeout)
{
    private const int ShownLength = 300;

    /// <summary>What the service allows all shards of the process together; null: not known.</summary>
    public Ec2Rates? Rates { get; init; }

    /// <param name="action">As the service names it.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="instances">How many instances it ends, stops or starts.</param>
    public Task<T> RunAsync<T>(
        string action, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, int instances = 0) =>
        Rates is null
            ? CallAsync(action, call, cancellationToken)
            : Rates.RunAsync(action, instances, () => CallAsync(action, call, cancellationToken), cancellationToken);

    private async Task<T> CallAsync<T>(
        string action, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        using var span = GcMeter.Source.StartActivity($"{Service} {action}", ActivityKind.Client);
        var result = "ok";
        try
        {
            return await LimitedAsync(action, call, cancellationToken);
        }
        catch (Exception e)
        {
            result = e is CloudException fault ? fault.Fault.ToString().ToLowerInvariant()
                : e is OperationCanceledException ? "cancelled" : "broken";

            // A missing record is an answer, not a failure.
            if (result != "gone") span?.SetStatus(ActivityStatusCode.Error, result);
            throw;
        }
        finally
        {
            CallMetrics.Record(Service, action, result, began);
        }
    }

    private async Task<T> LimitedAsync<T>(
        string action, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            var answer = await call(limit.Token);
            return IsOwn(answer) ? answer : throw Stranger(action);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is not CloudException && (limit.IsCancellationRequested || e is OperationCanceledException))
        {
            throw new CloudException(
                CloudFault.Transient, $"{Service} at {Place} did not answer {action} within {Timeout.TotalSeconds:0.#}s");
        }
        catch (Exception e) when (e is not CloudException && Translate(action, e) is not null)
        {
            throw Translate(action, e)!;
        }
    }

    /// <summary>Null: not a fault of the call, but of the program.</summary>
    internal CloudException? Translate(string action, Exception exception) => exception switch
    {
        AmazonServiceException { ErrorCode: { Length: > 0 } } refused => Refused(action, refused),
        _ when Unreachable(exception) is { } why => new CloudException(
            CloudFault.Transient,
            $"{Service}: nobody answers at {Place} ({OneLine(why)}): check the network and AWS_ENDPOINT_URL_{Service}"),
        AmazonServiceException broken => new CloudException(
            AwsErrors.Classify(null, Status(broken)),
            $"{Service} at {Place} gave no readable answer to {action} (HTTP {(int)broken.StatusCode})"),
        AmazonClientException client when IsAboutCredentials(client) => new CloudException(
            CloudFault.Denied,
            "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"),
        AmazonClientException client => new CloudException(
            CloudFault.Transient, $"{Service} at {Place}: {action} failed ({OneLine(client.Message)})"),
        IOException or System.Xml.XmlException => new CloudException(
            CloudFault.Transient, $"{Service} at {Place}: the answer to {action} was cut off or unreadable"),
        _ => null,
    };

    /// <summary>
    /// A proxy's page can be well-formed XML, and the SDK would read it as an answer that says nothing: an empty listing, a thing
    /// done. EC2's answers all bear the request's id. S3's are judged where they are read.
    /// </summary>
    private bool IsOwn(object? answer) =>
        Service != "EC2" || answer is not AmazonWebServiceResponse response || !string.IsNullOrEmpty(response.ResponseMetadata?.RequestId);

    /// <summary>What came is no answer of this service: it says nothing.</summary>
    public CloudException Stranger(string action) => new(
        CloudFault.Transient, $"{Service} at {Place}: somebody else answered {action}: check AWS_ENDPOINT_URL_{Service} and proxies");

    private CloudException Refused(string action, AmazonServiceException e)
    {
        var fault = AwsErrors.Classify(e.ErrorCode, Status(e));
        var advice = fault == CloudFault.Denied ? ": check the AWS credentials and what they may do" : "";
        return new CloudException(
            fault, $"{Service} at {Place} refused {action} ({e.ErrorCode}: {OneLine(e.Message)}){advice}")
        {
            Code = e.ErrorCode,
            Detail = e.Message,
        };
    }

    private static HttpStatusCode? Status(AmazonServiceException e) => e.StatusCode == default ? null : e.StatusCode;

    private static string? Unreachable(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is System.Net.Sockets.SocketException socket) return socket.Message;
            if (e is HttpRequestException { StatusCode: null, InnerException: null } http) return http.Message;
        }

        return null;
    }

    private static bool IsAboutCredentials(Exception e) =>
        e.Message.Contains("credential", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("metadata service", StringComparison.OrdinalIgnoreCase);

    private static string OneLine(string? text)
    {
        var line = (text ?? "").ReplaceLineEndings(" ").Trim();
        return line.Length <= ShownLength ? line : line[..ShownLength] + "…";
    }
}
