namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// What an error of the cloud or the bucket means. Only <see cref="Gone"/> is evidence that something does not exist.
/// </summary>
internal enum CloudFault
{
    /// <summary>The cloud answered: no such thing.</summary>
    Gone,

    /// <summary>The cloud cannot read what was asked (an id of the wrong form).</summary>
    Malformed,

    /// <summary>Too many calls; try later.</summary>
    Throttled,

    /// <summary>The identity is missing, refused, or may not do this.</summary>
    Denied,

    /// <summary>The instance is protected against termination.</summary>
    Protected,

    /// <summary>No full answer: error inside, timeout, connection lost. Try later.</summary>
    Transient,

    /// <summary>
    /// The call itself is wrong (no such bucket, wrong region, bad parameter); trying again changes nothing.
    /// </summary>
    Invalid,
}

/// <summary>
/// The cloud or the bucket gave no usable answer. The message is one line, for people, without secrets.
/// </summary>
internal sealed class CloudException(CloudFault fault, string message) : Exception(message)
{
    public CloudFault Fault { get; } = fault;

    /// <summary>The service's own error code, if there was one.</summary>
    public string? Code { get; init; }

    /// <summary>The service's message at full length, to find the ids that it names; never shown.</summary>
    public string? Detail { get; init; }

    /// <summary>True when the same call may do better later.</summary>
    public bool WorthRetrying => Fault is CloudFault.Throttled or CloudFault.Transient;
}
