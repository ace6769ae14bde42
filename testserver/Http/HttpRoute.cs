using Google.Protobuf.Reflection;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>One binding of an RPC to a method and a path, as a <c>google.api.http</c> option states it.</summary>
internal sealed class HttpRoute
{
    private readonly string[] _segments;

    public HttpRoute(string service, MethodDescriptor rpc, string method, string template, bool hasBody)
    {
        Rpc = rpc;
        Name = service + "/" + rpc.Name;
        Method = method;
        HasBody = hasBody;
        _segments = template.TrimStart('/').Split('/');
    }

    public MethodDescriptor Rpc { get; }

    /// <summary>Name of the handler in the table of RPCs.</summary>
    public string Name { get; }

    public string Method { get; }

    /// <summary>The request message is the body; otherwise it is the query.</summary>
    public bool HasBody { get; }

    public int Length => _segments.Length;

    /// <summary>Fixed segments: among routes that match, the one with more of them is meant.</summary>
    public int Weight => _segments.Count(each => !IsVariable(each));

    /// <summary>The variables of the path by field path, or null when the path is another one.</summary>
    /// <param name="segments">Segments as they were sent, still escaped: an id may contain a slash.</param>
    public Dictionary<string, string>? Match(string[] segments)
    {
        if (segments.Length != _segments.Length)
            return null;
        var variables = new Dictionary<string, string>();
        for (var i = 0; i < segments.Length; i++)
        {
            var value = Uri.UnescapeDataString(segments[i]);
            if (IsVariable(_segments[i]))
                variables[_segments[i][1..^1]] = value;
            else if (_segments[i] != value)
                return null;
        }
        return variables.Values.All(value => value.Length > 0) ? variables : null;
    }

    private static bool IsVariable(string segment) => segment is ['{', .., '}'];
}
