namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// What an error of the cloud or the bucket means. Only <see cref="Gone"/> proves that something does not exist.
/// </summary>
internal enum CloudFault
{
    Gone, // the cloud answered that it does not exist
    Malformed, // the id has the wrong form
    Throttled, // too many calls; retry later
    Denied, // the credentials are missing or wrong, or lack the permission
    Protected, // the instance is protected against termination
    Transient, // no complete answer: internal error, timeout, lost connection; retry later
    Invalid, // the call is wrong (no such bucket, wrong region, bad parameter); a retry does not help
}

/// <summary>The cloud or the bucket gave no usable answer. The message is one line without secrets.</summary>
internal sealed class CloudException(CloudFault fault, string message) : Exception(message)
{
    public CloudFault Fault { get; } = fault;

    public string? Code { get; init; }

    /// <summary>Gets the service's whole message, to find the ids that it names; never shown.</summary>
    public string? Detail { get; init; }

    /// <summary>Gets whether a later retry may succeed.</summary>
    public bool WorthRetrying => Fault is CloudFault.Throttled or CloudFault.Transient;
}
