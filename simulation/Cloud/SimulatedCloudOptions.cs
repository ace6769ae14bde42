namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>How the simulated cloud behaves.</summary>
internal sealed record SimulatedCloudOptions
{
    /// <summary>The cloud's clock. Default: the machine's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Clock of the answers' <c>Date</c>; null: <see cref="Clock"/>.</summary>
    public TimeProvider? AnswerClock { get; init; }

    /// <summary>The access keys that are accepted. Default: any.</summary>
    public IReadOnlyList<string> AccessKeys { get; init; } = [];

    /// <summary>Time from launch to running. Default none.</summary>
    public TimeSpan BootTime { get; init; }

    /// <summary>Time from the order to terminate or stop until it has happened. Default none.</summary>
    public TimeSpan ShutdownTime { get; init; }

    /// <summary>Buckets that exist from the start.</summary>
    public IReadOnlyList<string> Buckets { get; init; } = [];

    /// <summary>
    /// S3 is an older store that speaks S3, such as MinIO, Ceph or SeaweedFS: it refuses DeleteObjects without
    /// Content-MD5, with this code, and bodies with a trailer. Null (the default): AWS's own.
    /// </summary>
    public string? OlderStore { get; init; }

    /// <summary>EC2's port on loopback. Default 0: a free one.</summary>
    public int Ec2Port { get; init; }

    /// <summary>S3's port on loopback. Default 0: a free one.</summary>
    public int S3Port { get; init; }
}
