using System.Text.Json.Serialization;

namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>The argument of an update. A person may have typed its JSON into the Web UI.</summary>
public abstract record UpdateRequest
{
    /// <summary>Gets what is wrong with the JSON, for the update's validator; null if nothing is.</summary>
    [JsonIgnore]
    public string? Fault { get; init; }
}
