using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>The one clock of the workflows, with its zone said.</summary>
internal static class Clock
{
    public static DateTimeOffset Now => new(Workflow.UtcNow, TimeSpan.Zero);
}
