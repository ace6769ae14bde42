using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.Benchmarks.Start;

/// <summary>
/// When each gRPC method was first called at the test server in this process. ASP.NET tells it as the request comes in:
/// asking DescribeTaskQueue in a loop would take the worker's processor time, and be no more exact than the loop.
/// </summary>
internal sealed class FirstCalls : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private const string Listener = "Microsoft.AspNetCore";
    private const string Request = "Microsoft.AspNetCore.Hosting.HttpRequestIn";
    private const string Begin = Request + ".Start";
    private const string Service = "/temporal.api.workflowservice.v1.WorkflowService/";

    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _calls = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<IDisposable> _subscriptions = [];

    public FirstCalls() => _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    /// <summary>Timestamp (<see cref="Stopwatch.GetTimestamp"/>) of the first call of a method since <see cref="Forget"/>.</summary>
    public Task<long> OfAsync(string method) => Call(Service + method).Task;

    public void Forget() => _calls.Clear();

    public void Dispose()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener value)
    {
        // Only these, and at their start: each other event would cost every request.
        if (value.Name == Listener) _subscriptions.Add(value.Subscribe(this, name => name is Request or Begin));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: Begin, Value: HttpContext { Request.Path.Value: { } path } })
            Call(path).TrySetResult(Stopwatch.GetTimestamp());
    }

    void IObserver<DiagnosticListener>.OnCompleted()
    {
    }

    void IObserver<DiagnosticListener>.OnError(Exception error)
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnCompleted()
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnError(Exception error)
    {
    }

    private TaskCompletionSource<long> Call(string path) =>
        _calls.GetOrAdd(path, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
