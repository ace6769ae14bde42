namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// What an error of the cloud or the bucket means. Only <see cref="Gone"/> proves that something does not exist.
/// </summary>
internal enum CloudFault
{
    /// <summary>The cloud answered that it does not exist.</summary>
    Gone,

    /// <summary>The id has the wrong form.</summary>
    Malformed,

    /// <summary>Too many calls; retry later.</summary>
    Throttled,

    /// <summary>The credentials are missing or wrong, or lack the permission.</summary>
    Denied,

    /// <summary>The instance is protected against termination.</summary>
    Protected,

    /// <summary>No complete answer: internal error, timeout, lost connection. Retry later.</summary>
    Transient,

    /// <summary>The call is wrong (no such bucket, wrong region, bad parameter). A retry does not help.</summary>
    Invalid,
}

/// <summary>The cloud or the bucket gave no usable answer. The message is one line without secrets.</summary>
internal sealed class CloudException(CloudFault fault, string message) : Exception(message)
{
    public CloudFault Fault { get; } = fault;

    /// <summary>Gets the service's error code, if it gave one.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the service's whole message, to find the ids that it names; never shown.</summary>
    public string? Detail { get; init; }

    /// <summary>Gets whether a later retry may succeed.</summary>
    public bool WorthRetrying => Fault is CloudFault.Throttled or CloudFault.Transient;
}
