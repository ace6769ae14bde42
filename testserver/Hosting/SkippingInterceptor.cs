using Temporalio.Client;
using Temporalio.Client.Interceptors;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>
/// Lets time jump while a caller waits for the result of a workflow that it started. As in the SDK's own environment,
/// handles from <c>StartWorkflowAsync</c> skip time, and handles made from an id do not.
/// </summary>
internal sealed class SkippingInterceptor : IClientInterceptor
{
    /// <summary>The environment whose time jumps; set as soon as it exists, before anything is started.</summary>
    public EmbeddedWorkflowEnvironment? Environment { get; set; }

    public ClientOutboundInterceptor InterceptClient(ClientOutboundInterceptor nextInterceptor) =>
        new Outbound(this, nextInterceptor);

    private sealed class Outbound(SkippingInterceptor owner, ClientOutboundInterceptor next)
        : ClientOutboundInterceptor(next)
    {
        public override async Task<WorkflowHandle<TWorkflow, TResult>> StartWorkflowAsync<TWorkflow, TResult>(
            StartWorkflowInput input)
        {
            var started = await base.StartWorkflowAsync<TWorkflow, TResult>(input);
            return owner.Environment is { } environment
                ? new Handle<TWorkflow, TResult>(environment, started)
                : started;
        }
    }

    private sealed record Handle<TWorkflow, TResult>(
        EmbeddedWorkflowEnvironment Environment, WorkflowHandle<TWorkflow, TResult> Started)
        : WorkflowHandle<TWorkflow, TResult>(Started)
    {
        public override Task<T> GetResultAsync<T>(bool followRuns = true, RpcOptions? rpcOptions = null) =>
            Environment.ResultAsync(() => base.GetResultAsync<T>(followRuns, rpcOptions));
    }
}
