using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>An update that an operator sends.</summary>
/// <param name="Send">Sends it; returns the status after it.</param>
/// <param name="Tell">
/// What it changed and what to do next, at most five sentences; from the status, and the options that name the shard.
/// </param>
internal sealed record Steering(
    Func<Collector, Task<GcStatus>> Send, Func<GcStatus, string, IReadOnlyList<string>> Tell);
