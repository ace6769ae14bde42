using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Whether the webhook's receiver answers at its address. Sends no notification.</summary>
internal static class WebhookCheck
{
    public const string Name = "webhook";

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    public static async Task<Check> RunAsync(string url, CancellationToken cancellationToken)
    {
        var settings = new WebhookSettings(new(url)) { Timeout = CallTimeout };
        using var webhook = new Webhook(settings, TimeProvider.System);
        try
        {
            var (status, target) = await webhook.ProbeAsync(cancellationToken);
            if (target is not null)
            {
                return Check.Failed(
                    Name,
                    $"the webhook at {settings} redirects ({status}) to {target}, and redirects are not followed: "
                    + $"give the final address as {Settings.Get(nameof(GcOptions.WebhookUrl)).Option}");
            }

            return status >= 500
                ? Check.Warning(Name, $"the webhook at {settings} answers {status}: notifications wait until it works")
                : Check.Ok(Name, $"{settings} answers");
        }
        catch (HttpRequestException e) when (e.Message.Contains(Webhook.NearAddress, StringComparison.Ordinal))
        {
            return Check.Failed(Name, $"{settings}: {Webhook.NearAddress}: give another receiver");
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // A receiver may start after the worker: notifications wait for it.
            return Check.Warning(
                Name,
                $"the webhook at {settings} does not answer: notifications wait until it does; check the receiver");
        }
    }
}
