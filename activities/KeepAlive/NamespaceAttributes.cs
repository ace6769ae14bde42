using Temporalio.Client;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>The collector's search attributes in a namespace.</summary>
internal static class NamespaceAttributes
{
    /// <summary>Returns the names of the attributes that the namespace has with the right type.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(ITemporalClient client, RpcOptions? rpc = null)
    {
        var known = await client.Connection.OperatorService.ListSearchAttributesAsync(
            new() { Namespace = client.Options.Namespace }, rpc);
        return
        [
            .. Names.SearchAttributes
                .Where(key => known.CustomAttributes.TryGetValue(key.Name, out var type) && type == key.ValueType)
                .Select(key => key.Name),
        ];
    }
}
