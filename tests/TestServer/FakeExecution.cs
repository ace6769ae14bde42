using Nstance.Temporal.TestServer.Visibility;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>An execution that is its attributes.</summary>
internal sealed class FakeExecution : Dictionary<string, object>, IVisibleExecution
{
    public object? Value(string attribute) => TryGetValue(attribute, out var value) ? value : null;
}
