using Nstance.Temporal.Activities.Acquire;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Acquire;

public sealed class HostProbeTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Run_BothServicesAnswer_ReturnsTheConfiguration() =>
        Assert.NotNull(await ProbeAsync(TimeSpan.Zero));

    [Theory]
    [InlineData("EC2", false, "EC2 did not answer: connection lost. Check this host's network")]
    [InlineData("EC2", true, "EC2 refused it: connection lost. Check this host's AWS credentials")]
    [InlineData("S3", false, "S3 did not answer: connection lost. Check this host's network")]
    [InlineData("S3", true, "S3 refused it: connection lost. Check this host's AWS credentials")]
    public async Task Run_ServiceCannotBeReached_HostDeclinesAndNamesIt(string service, bool isDenied, string words)
    {
        Break(service, isDenied ? CloudFault.Denied : CloudFault.Transient);
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => ProbeAsync(TimeSpan.Zero));
        Assert.Equal((ErrorTypes.HostDeclined, false), (e.ErrorType, e.NonRetryable));
        Assert.StartsWith($"host host-a declines: {words}", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Every host was refused: the permission is missing, and the cycle reports it.</summary>
    [Theory]
    [InlineData("EC2")]
    [InlineData("S3")]
    public async Task Run_StillDeniedAfterTheWait_IsFinal(string service)
    {
        Break(service, CloudFault.Denied);
        var e = await Assert.ThrowsAsync<CloudException>(() => ProbeAsync(HostOrder.MaxWait));
        Assert.Equal(CloudFault.Denied, e.Fault);
    }

    [Fact]
    public async Task Acquire_CloudCannotBeReached_DeclinesAndMakesNoDatabase()
    {
        Break("EC2", CloudFault.Transient);
        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => _shard.Activities(own: true).AcquireShardAsync(new(_shard.Shard, _shard.AsOf)));
        Assert.Equal(ErrorTypes.HostDeclined, e.ErrorType);
        Assert.False(Directory.Exists(_shard.OwnFolder));
    }

    private void Break(string service, CloudFault fault)
    {
        if (service == "EC2") _shard.Cloud.ProbeFault = new(fault, "connection lost");
        else _shard.Records.ConfigFault = new(fault, "connection lost");
    }

    private Task<ShardConfig> ProbeAsync(TimeSpan waited) =>
        new HostProbe(_shard, "host-a", waited)
            .RunAsync(_shard.Records, new(_shard.Shard, _shard.AsOf), CancellationToken.None);
}
