using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>EC2's Query protocol over HTTP: who asks, what happens to the call, the answer or the error.</summary>
internal sealed class Ec2Endpoint(
    Ec2Actions actions, IReadOnlyList<string> accessKeys, FaultRoom faults, CallCounts calls)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var caller = Signature.AccessKey(http.Request);
            if (!http.Request.HasFormContentType)
                throw new Ec2Error("InvalidRequest", "Only signed form posts are understood.");
            var form = new Ec2Form(await http.Request.ReadFormAsync(http.RequestAborted), caller ?? "");
            calls.Add(form.Action);
            if (caller is null || accessKeys.Count > 0 && !accessKeys.Contains(caller, StringComparer.Ordinal))
                throw new Ec2Error(
                    "AuthFailure", "AWS was not able to validate the provided access credentials", 401);
            var fault = faults.Next(form.Action, string.Join(',', form.List("InstanceId")));
            await fault.WaitAsync(http.RequestAborted);
            Refuse(fault, http);
            var answer = actions.Run(form, fault);
            await fault.WaitAfterAsync(http.RequestAborted);
            if (fault.Kind is FaultKind.LostAnswer)
                http.Abort();
            else
                await WriteAsync(http, 200, answer);
        }
        catch (Ec2Error error)
        {
            await WriteAsync(http, error.Status, Ec2Xml.Error(error));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller, or a fault, cut the connection: there is no one to answer.
        }
    }

    private static void Refuse(Fault fault, HttpContext http)
    {
        switch (fault.Kind)
        {
            case FaultKind.Throttled:
                throw new Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503);
            case FaultKind.InternalError:
                throw new Ec2Error("InternalError", "An internal error has occurred", 500);
            case FaultKind.Unavailable:
                throw new Ec2Error("Unavailable", "The service is unavailable. Please try again shortly.", 503);
            case FaultKind.Denied:
                throw new Ec2Error(
                    "UnauthorizedOperation", "You are not authorized to perform this operation.", 403);
            case FaultKind.Cut:
                http.Abort();
                throw new OperationCanceledException(http.RequestAborted);
            default:
                return;
        }
    }

    private static async Task WriteAsync(HttpContext http, int status, XElement answer)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/xml;charset=UTF-8";
        await http.Response.WriteAsync(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + answer.ToString(SaveOptions.DisableFormatting),
            http.RequestAborted);
    }
}
