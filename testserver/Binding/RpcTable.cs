using Google.Protobuf;
using Grpc.Core;
using Nstance.Temporal.TestServer.Values;

namespace Nstance.Temporal.TestServer.Binding;

/// <summary>One call as handlers see it: who waits for how long.</summary>
internal sealed record RpcCall(DateTime Deadline, CancellationToken Cancellation)
{
    public static RpcCall Internal { get; } = new(DateTime.MaxValue, CancellationToken.None);

    /// <summary>
    /// Time left until the caller gives up, at most <paramref name="cap"/>, less a margin for the way back.
    /// </summary>
    public TimeSpan Patience(TimeSpan cap)
    {
        if (Deadline == DateTime.MaxValue)
            return cap;
        var left = Deadline - DateTime.UtcNow;
        left -= left > TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(1) : left / 10;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < cap ? left : cap;
    }
}

/// <summary>A method of a service (short service name), and how its request is read.</summary>
internal sealed record RpcMethod(string Service, string Name, MessageParser Request)
{
    public string Key { get; } = Service + "/" + Name;
}

/// <summary>
/// Handlers by "Service/Method" (short service name, for example "WorkflowService/StartWorkflowExecution").
/// Each folder registers its methods. A method without a handler answers UNIMPLEMENTED with its name.
/// </summary>
internal sealed class RpcTable
{
    private readonly Dictionary<string, Func<IMessage, RpcCall, Task<IMessage>>> _handlers = new();
    private readonly List<RpcMethod> _methods = [];

    /// <summary>All methods that have a handler.</summary>
    public IReadOnlyList<RpcMethod> Methods => _methods;

    /// <summary>Registers an asynchronous handler, of WorkflowService when the name has no service.</summary>
    public void Add<TRequest, TResponse>(string method, Func<TRequest, RpcCall, Task<TResponse>> handler)
        where TRequest : IMessage<TRequest>, new()
        where TResponse : IMessage =>
        Add<TRequest>(method, async (request, call) => await handler((TRequest)request, call));

    /// <summary>Registers a handler that answers at once.</summary>
    public void Add<TRequest, TResponse>(string method, Func<TRequest, TResponse> handler)
        where TRequest : IMessage<TRequest>, new()
        where TResponse : IMessage =>
        Add<TRequest>(method, (request, _) => Task.FromResult<IMessage>(handler((TRequest)request)));

    public async Task<IMessage> Invoke(string method, IMessage request, RpcCall call)
    {
        if (!_handlers.TryGetValue(method, out var handler))
            throw Fault.Unimplemented(method);
        try
        {
            return await handler(request, call);
        }
        catch (InvalidInputException fault)
        {
            throw Fault.InvalidArgument(fault.Message);
        }
        catch (Exception fault) when (fault is not RpcException and not OperationCanceledException)
        {
            // A defect of one handler is that caller's INTERNAL error; it must never stop the server.
            throw Fault.With(
                StatusCode.Internal, $"{method}: {fault.GetType().Name}: {fault.Message} {fault.StackTrace}");
        }
    }

    private void Add<TRequest>(string name, Func<IMessage, RpcCall, Task<IMessage>> handler)
        where TRequest : IMessage<TRequest>, new()
    {
        var parts = name.Contains('/') ? name.Split('/') : ["WorkflowService", name];
        var method = new RpcMethod(parts[0], parts[1], new MessageParser<TRequest>(() => new()));
        _handlers.Add(method.Key, handler);
        _methods.Add(method);
    }
}
