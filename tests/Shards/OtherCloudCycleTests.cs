using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>Nothing above the ports needs EC2.</summary>
public sealed class OtherCloudCycleTests : MainCycleTests
{
    private readonly OtherCloud _cloud = new();

    private protected override void SetCloudTime(DateTimeOffset now) => _cloud.Now = () => now;

    private protected override IConnections Connections => _cloud;

    private protected override IEnumerable<string> Terminated => _cloud.Terminated;

    private protected override string Launch(
        DateTimeOffset at, IReadOnlyDictionary<string, string> tags, bool isStopped, bool isLocked) =>
        _cloud.Launch(at, tags, isStopped, isLocked);

    private protected override void ShowAsTerminated(string machine) => _cloud.Remove(machine);

    private protected override void Vanish(string machine) => _cloud.Forget(machine);

    private protected override void FallSilent() => _cloud.IsSilent = true;

    private protected override bool IsStopped(string machine) => _cloud.IsHalted(machine);

    private protected override void PutObject(string key, string text)
    {
        _cloud.Records.Put(key, text.Replace("\"aws\"", "\"other\"", StringComparison.Ordinal));
        if (key.EndsWith("config.jsonc", StringComparison.Ordinal)) _cloud.Records.Config = _cloud.Records.Objects[key];
    }

    private protected override void DeleteObject(string key) => _cloud.Records.Objects.Remove(key);

    private protected override bool HasObject(string key) => _cloud.Records.Objects.ContainsKey(key);
}
