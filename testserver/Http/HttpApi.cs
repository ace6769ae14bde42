using System.Text;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Nstance.Temporal.TestServer.Binding;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>The JSON API that a real frontend serves on port 7243: each RPC by method and path.</summary>
internal sealed class HttpApi(IEnumerable<ServiceDescriptor> services, RpcTable table)
{
    private readonly HttpRoutes _routes = new(services);

    /// <summary>Answers a request; <paramref name="shorthand"/> is the default form of payloads.</summary>
    public async Task AnswerAsync(HttpContext context, bool shorthand)
    {
        var query = context.Request.Query;
        shorthand &= !query.ContainsKey("noPayloadShorthand");
        try
        {
            // As it was sent: the server's own decoding would make %2F a slash, and cut an id in two.
            var raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? context.Request.Path.Value ?? "";
            var segments = raw.Split('?')[0].Trim('/').Split('/');
            var (route, variables, known) = _routes.Find(context.Request.Method, segments);
            if (route == null)
                throw known
                    ? Fault.With(StatusCode.Unimplemented, "Method Not Allowed")
                    : Fault.With(StatusCode.NotFound, "Not Found");
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            var request = HttpMessages.Request(
                route,
                body,
                query.SelectMany(each => each.Value.Select(value => KeyValuePair.Create(each.Key, value))),
                variables,
                shorthand);
            var answer = await table.Invoke(route.Name, request, new(DateTime.MaxValue, context.RequestAborted));
            await WriteAsync(context, 200, HttpMessages.Format(answer, shorthand, query.ContainsKey("pretty")));
        }
        catch (RpcException fault)
        {
            await WriteAsync(context, Status(fault.StatusCode), HttpMessages.Format(fault));
        }
        catch (OperationCanceledException)
        {
            // The client has closed the connection.
        }
    }

    public static Task WriteAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    private static int Status(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => 400,
        StatusCode.Unauthenticated => 401,
        StatusCode.PermissionDenied => 403,
        StatusCode.NotFound => 404,
        StatusCode.AlreadyExists or StatusCode.Aborted => 409,
        StatusCode.ResourceExhausted => 429,
        StatusCode.Cancelled => 499,
        StatusCode.Unimplemented => 501,
        StatusCode.Unavailable => 503,
        StatusCode.DeadlineExceeded => 504,
        _ => 500,
    };
}
