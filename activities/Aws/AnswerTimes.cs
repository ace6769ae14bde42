using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.Runtime;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Keeps the <c>Date</c> header of the last answer to a request: AWS's clock. The SDK's responses lack it, so it comes
/// from an event of the client. Thread-safe.
/// </summary>
internal static class AnswerTimes
{
    private static readonly ConditionalWeakTable<AmazonWebServiceRequest, StrongBox<DateTimeOffset>> Times = [];

    public static void Listen(AmazonServiceClient client) => client.AfterResponseEvent += (_, e) =>
    {
        if (e is not WebServiceResponseEventArgs { Request: { } request, ResponseHeaders: { } headers }) return;
        var text = headers.FirstOrDefault(h => h.Key.Equals("Date", StringComparison.OrdinalIgnoreCase)).Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            Times.AddOrUpdate(request, new(time));
    };

    /// <summary>Returns the time of the last answer; null without an answer or a date.</summary>
    public static DateTimeOffset? Of(AmazonWebServiceRequest request) =>
        Times.TryGetValue(request, out var time) ? time.Value : null;
}
