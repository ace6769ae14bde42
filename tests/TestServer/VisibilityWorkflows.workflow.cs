using Temporalio.Common;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Upserts a number and ends.</summary>
[Workflow]
public sealed class UpsertingWorkflow
{
    public static readonly SearchAttributeKey<long> Size = SearchAttributeKey.CreateLong("TestSize");

    [WorkflowRun]
    public Task RunAsync(long size)
    {
        Workflow.UpsertTypedSearchAttributes(Size.ValueSet(size));
        return Task.CompletedTask;
    }
}
