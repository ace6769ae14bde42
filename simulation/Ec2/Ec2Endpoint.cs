using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>EC2's Query protocol over HTTP: who asks, what happens to the call, the answer or the error.</summary>
internal sealed class Ec2Endpoint(
    Ec2Actions actions, IReadOnlyList<string> accessKeys, FaultRoom faults, CallCounts calls, Func<DateTimeOffset> now)
{
    public async Task HandleAsync(HttpContext http)
    {
        // EC2's own clock: clients read a machine's age by it.
        http.Response.Headers.Date = now().ToString("R");
        try
        {
            var caller = Signature.AccessKey(http.Request);
            if (!http.Request.HasFormContentType)
                throw new Ec2Error("InvalidRequest", "Only signed form posts are understood.");
            var form = new Ec2Form(await http.Request.ReadFormAsync(http.RequestAborted), caller ?? "");
            calls.Add(form.Action);
            if (caller is null || (accessKeys.Count > 0 && !accessKeys.Contains(caller)))
            {
                throw new Ec2Error(
                    "AuthFailure", "AWS was not able to validate the provided access credentials", 401);
            }

            var fault = faults.Next(form.Action, string.Join(',', form.List("InstanceId")));
            await fault.WaitAsync(FaultKind.Held, http.RequestAborted);
            if (fault.Kind is not FaultKind.Cut) await AnswerAsync(http, form, fault);
            else http.Abort();
        }
        catch (Ec2Error error)
        {
            await WriteAsync(http, error.Status, Ec2Xml.Error(error));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller closed the connection.
        }
    }

    private async Task AnswerAsync(HttpContext http, Ec2Form form, Fault fault)
    {
        if (Refusal(fault) is { } refusal) throw refusal;
        var answer = actions.Run(form, fault);
        await fault.WaitAsync(FaultKind.HeldAfter, http.RequestAborted);
        if (fault.Kind is FaultKind.LostAnswer) http.Abort();
        else await WriteAsync(http, 200, answer);
    }

    private static Ec2Error? Refusal(Fault fault) => fault.Kind switch
    {
        FaultKind.Throttled => new("RequestLimitExceeded", "Request limit exceeded.", 503),
        FaultKind.InternalError => new("InternalError", "An internal error has occurred", 500),
        FaultKind.Unavailable => new("Unavailable", "The service is unavailable. Please try again shortly.", 503),
        FaultKind.Denied =>
            new("UnauthorizedOperation", "You are not authorized to perform this operation.", 403),
        FaultKind.Unsupported => new("UnsupportedOperation", "The instance does not support this operation.", 400),
        _ => null,
    };

    private static async Task WriteAsync(HttpContext http, int status, XElement answer)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/xml;charset=UTF-8";
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + answer.ToString(SaveOptions.DisableFormatting);
        await http.Response.WriteAsync(text, http.RequestAborted);
    }
}
