using Google.Protobuf.Reflection;
using Temporalio.Api.Dependencies.Google.Api;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>All routes of the JSON API, read from the descriptors of the services.</summary>
internal sealed class HttpRoutes
{
    private readonly ILookup<int, HttpRoute> _byLength;

    public HttpRoutes(IEnumerable<ServiceDescriptor> services)
    {
        All = [.. services.SelectMany(service => service.Methods.SelectMany(rpc => Of(service.Name, rpc)))];
        _byLength = All.OrderByDescending(each => each.Weight).ToLookup(each => each.Length);
    }

    public IReadOnlyList<HttpRoute> All { get; }

    /// <summary>
    /// Descriptors of the services that have routes. The first use of them takes half a second of processor time.
    /// </summary>
    public static IEnumerable<ServiceDescriptor> Services() =>
        new[] { "WorkflowService", "OperatorService" }.Select(service =>
        ((FileDescriptor)typeof(Temporalio.Api.Common.V1.Payload).Assembly
            .GetType($"Temporalio.Api.{service}.V1.ServiceReflection", throwOnError: true)!
            .GetProperty("Descriptor")!.GetValue(null)!).Services[0]);

    /// <summary>The route of a request with its variables; whether the path is known for another method.</summary>
    public (HttpRoute? Route, Dictionary<string, string> Variables, bool PathIsKnown) Find(
        string method, string[] segments)
    {
        var known = false;
        foreach (var route in _byLength[segments.Length])
        {
            if (route.Match(segments) is not { } variables)
                continue;
            known = true;
            if (route.Method == method)
                return (route, variables, true);
        }
        return (null, [], known);
    }

    private static IEnumerable<HttpRoute> Of(string service, MethodDescriptor rpc)
    {
        if (rpc.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule)
            return [];
        return rule.AdditionalBindings.Prepend(rule).Select(each => Of(service, rpc, each));
    }

    private static HttpRoute Of(string service, MethodDescriptor rpc, HttpRule rule)
    {
        var (method, template) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            HttpRule.PatternOneofCase.Patch => ("PATCH", rule.Patch),
            _ => ("POST", rule.Post),
        };
        return new(service, rpc, method, template, rule.Body == "*");
    }
}
