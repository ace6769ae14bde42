using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Hosting;
using Temporalio.Client;
using Temporalio.Client.Interceptors;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The search attributes that the workflows set; the first host registers them.</summary>
public sealed class SearchAttributesTests : IAsyncLifetime
{
    private CommandServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await CommandServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Ensure_ServerLearnsOfThemLate_WaitsUntilAQueryTakesThem()
    {
        var late = new Late(refusals: 2);
        var added = await SearchAttributes.EnsureAsync(await ConnectAsync(late), new());
        Assert.Equal(Names.SearchAttributes.Select(a => a.Name), added);
        Assert.Equal(0, late.Refusals);

        Assert.Empty(await SearchAttributes.EnsureAsync(await ConnectAsync(new(refusals: 1)), new()));
    }

    [Fact]
    public async Task Ensure_ServerCannotBeAsked_DoesNotFail()
    {
        var late = new Late(refusals: 1, RpcException.StatusCode.PermissionDenied);
        Assert.NotEmpty(await SearchAttributes.EnsureAsync(await ConnectAsync(late), new()));
        Assert.Equal(0, late.Refusals);
    }

    [Fact]
    public async Task Ensure_ManyAtOnce_AllSucceedAndAllAreThere()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SearchAttributes.EnsureAsync(_server.Client, new())));
        Assert.Empty(await SearchAttributes.MissingAsync(_server.Client, new()));
    }

    private async Task<TemporalClient> ConnectAsync(Late late) =>
        await TemporalClient.ConnectAsync(
            new(_server.TargetHost) { Namespace = _server.Namespace, Interceptors = [late] });

    /// <summary>A server that refuses the first query.</summary>
    private sealed class Late(
        int refusals, RpcException.StatusCode code = RpcException.StatusCode.InvalidArgument) : IClientInterceptor
    {
        public int Refusals { get; private set; } = refusals;

        private RpcException Fault { get; } = new(code, "not yet", rawStatus: null);

        public ClientOutboundInterceptor InterceptClient(ClientOutboundInterceptor nextInterceptor) =>
            new Calls(this, nextInterceptor);

        private sealed class Calls(Late late, ClientOutboundInterceptor next) : ClientOutboundInterceptor(next)
        {
            public override Task<WorkflowExecutionCount> CountWorkflowsAsync(CountWorkflowsInput input)
            {
                if (late.Refusals == 0) return base.CountWorkflowsAsync(input);
                late.Refusals--;
                throw late.Fault;
            }
        }
    }
}
