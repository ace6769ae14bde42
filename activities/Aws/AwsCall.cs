using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Xml;
using Amazon.Runtime;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Runs one call to AWS under a time limit that includes the SDK's retries, and turns each failure into a
/// <see cref="CloudException"/> of one line. A cancellation by the caller stays a cancellation.
/// </summary>
/// <param name="Service">"EC2", "S3" or "STS".</param>
/// <param name="Place">Endpoint or region, for messages.</param>
/// <param name="Timeout">Maximum time for a call.</param>
internal sealed record AwsCall(string Service, string Place, TimeSpan Timeout)
{
    private static readonly Counter<long> Calls = GcMeter.Meter.CreateCounter<long>(
        "nstance.gc.cloud.calls",
        description: "Calls to EC2 and S3 by operation and result (ok, throttled, denied …)");

    private static readonly Histogram<double> Durations = GcMeter.Meter.CreateHistogram<double>(
        "nstance.gc.cloud.call.duration", "s",
        "Time of a call to EC2 or S3, the SDK's own retries included", tags: null,
        GcMeter.Seconds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60));

    /// <summary>A .NET timer runs for 49 days at most, but nstance accepts any request timeout.</summary>
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(1);

    /// <summary>Rates that all shards of the process share; null if the service has none.</summary>
    public Ec2Rates? Rates { get; init; }

    /// <summary>The bucket that S3's faults name; null for other services.</summary>
    public string? Bucket { get; init; }

    /// <summary>Runs the call of a request, which names the action.</summary>
    /// <exception cref="CloudException">The service refused the call or did not answer in time.</exception>
    public Task<TAnswer> RunAsync<TRequest, TAnswer>(
        Func<TRequest, CancellationToken, Task<TAnswer>> call, TRequest request, CancellationToken ct,
        int instances = 0)
        where TRequest : AmazonWebServiceRequest =>
        RunAsync(typeof(TRequest).Name[..^"Request".Length], token => call(request, token), ct, instances);

    /// <summary>Runs a call that terminates, stops or starts a number of <paramref name="instances"/>.</summary>
    /// <exception cref="CloudException">The service refused the call or did not answer in time.</exception>
    public Task<T> RunAsync<T>(
        string action, Func<CancellationToken, Task<T>> call, CancellationToken ct, int instances = 0) =>
        Rates is null
            ? CallAsync(action, call, ct)
            : Rates.RunAsync(action, instances, () => CallAsync(action, call, ct), ct);

    private async Task<T> CallAsync<T>(string action, Func<CancellationToken, Task<T>> call, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        using var span = GcMeter.Source.StartActivity($"{Service} {action}", ActivityKind.Client);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Timeout < MaxTimeout ? Timeout : MaxTimeout);
        var result = "ok";
        try
        {
            var answer = await call(limit.Token);
            return IsFromService(answer) ? answer : throw Stranger(action);
        }
        catch (Exception e)
        {
            var failure = ct.IsCancellationRequested ? new OperationCanceledException(ct)
                : e is CloudException ? e
                : limit.IsCancellationRequested || e is OperationCanceledException ? TimedOut(action)
                : Translate(action, e) ?? e;
            result = failure is CloudException cloud ? cloud.Fault.ToString().ToLowerInvariant()
                : failure is OperationCanceledException ? "cancelled" : "broken";

            // A missing record is an answer, not a failure.
            if (result != "gone") span?.SetStatus(ActivityStatusCode.Error, result);
            if (failure == e) throw;
            throw failure;
        }
        finally
        {
            Record(action, result, began);
        }
    }

    /// <summary>Labels: service, operation, result; never a shard, an id or a message.</summary>
    private void Record(string action, string result, long began)
    {
        var where = new KeyValuePair<string, object?>("service", Service);
        var what = new KeyValuePair<string, object?>("operation", action);
        Calls.Add(1, where, what, new("result", result));
        Durations.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, where, what);
    }

    /// <summary>Returns the fault of an answer that is not the service's.</summary>
    public CloudException Stranger(string action) => new(
        CloudFault.Transient,
        $"{Service} at {Place}: the answer to {action} is not {Service}'s: "
        + $"check AWS_ENDPOINT_URL_{Service} and proxies");

    /// <summary>
    /// True for an answer of the service. The SDK reads a proxy's page of XML as an empty answer. Each answer of EC2
    /// has a request id; <see cref="S3Bucket"/> checks S3's answers.
    /// </summary>
    private bool IsFromService(object? answer) =>
        Service != "EC2" || answer is not AmazonWebServiceResponse response
        || !string.IsNullOrEmpty(response.ResponseMetadata?.RequestId);

    private CloudException TimedOut(string action) => new(
        CloudFault.Transient, $"{Service} at {Place} did not answer {action} within {Timeout.TotalSeconds:0.#}s");

    /// <summary>Returns the fault of a failed call; null for a fault of the program.</summary>
    private CloudException? Translate(string action, Exception exception) => exception switch
    {
        AmazonServiceException { ErrorCode: { Length: > 0 } } refused => Refused(action, refused),
        _ when Unreachable(exception) is { } why => new(
            CloudFault.Transient,
            $"{Service}: no answer at {Place} ({Line(why)}): check the network and AWS_ENDPOINT_URL_{Service}"),
        AmazonServiceException broken => new(
            AwsErrors.Classify(null, Status(broken)),
            $"{Service} at {Place} gave no readable answer to {action} (HTTP {(int)broken.StatusCode})"),
        AmazonClientException client when IsAboutCredentials(client) => new(
            CloudFault.Denied,
            "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"),
        AmazonClientException client => new(
            CloudFault.Transient, $"{Service} at {Place}: {action} failed ({Line(client.Message)})"),
        IOException or XmlException => new(
            CloudFault.Transient, $"{Service} at {Place}: the answer to {action} was cut off or unreadable"),
        _ => null,
    };

    private CloudException Refused(string action, AmazonServiceException e)
    {
        var fault = AwsErrors.Classify(e.ErrorCode, Status(e));
        var cause = Bucket is null ? "" : e.ErrorCode switch
        {
            "NoSuchBucket" => $"bucket \"{Bucket}\" does not exist there: create it, or name another. ",
            "PermanentRedirect" or "AuthorizationHeaderMalformed" =>
                $"bucket \"{Bucket}\" is in another region: set AWS_REGION to it. ",
            _ => "",
        };
        var advice = fault == CloudFault.Denied ? ": check the AWS credentials and what they may do" : "";
        var message = $"{cause}{Service} at {Place} refused {action} ({e.ErrorCode}: {Line(e.Message)}){advice}";
        return new CloudException(fault, message) { Code = e.ErrorCode, Detail = e.Message };
    }

    private static HttpStatusCode? Status(AmazonServiceException e) => e.StatusCode == default ? null : e.StatusCode;

    private static string? Unreachable(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is SocketException or HttpRequestException { StatusCode: null, InnerException: null })
                return e.Message;
        }

        return null;
    }

    private static bool IsAboutCredentials(Exception e) =>
        e.Message.Contains("credential", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("metadata service", StringComparison.OrdinalIgnoreCase);

    private static string Line(string? text) => OneLine.Short((text ?? "").ReplaceLineEndings(" ").Trim());
}
