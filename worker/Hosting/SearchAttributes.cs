using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Api.OperatorService.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker;

/// <summary>The search attributes that the workflows set: a namespace without them refuses the workflows.</summary>
internal static class SearchAttributes
{
    /// <summary>Names of those that the namespace lacks.</summary>
    /// <exception cref="CommandException">One is there with another type.</exception>
    public static async Task<IReadOnlyList<string>> MissingAsync(TemporalClient client, RpcOptions rpc)
    {
        var there = (await client.OperatorService.ListSearchAttributesAsync(
            new() { Namespace = client.Options.Namespace }, rpc)).CustomAttributes;
        var missing = new List<string>();
        foreach (var attribute in Names.SearchAttributes)
        {
            if (!there.TryGetValue(attribute.Name, out var type))
            {
                missing.Add(attribute.Name);
            }
            else if (type != attribute.ValueType)
            {
                throw new CommandException(
                    ExitCode.BadInput,
                    $"search attribute {attribute.Name} has type {type} in namespace {client.Options.Namespace}: it must be {attribute.ValueType}");
            }
        }

        return missing;
    }

    /// <summary>Registers those that the namespace lacks. Safe to call from many places at once.</summary>
    /// <returns>Names of those that were missing.</returns>
    public static async Task<IReadOnlyList<string>> EnsureAsync(TemporalClient client, RpcOptions rpc)
    {
        var missing = await MissingAsync(client, rpc);
        if (missing.Count == 0)
        {
            return missing;
        }

        var request = new AddSearchAttributesRequest { Namespace = client.Options.Namespace };
        foreach (var attribute in Names.SearchAttributes.Where(attribute => missing.Contains(attribute.Name)))
        {
            request.SearchAttributes[attribute.Name] = attribute.ValueType;
        }

        try
        {
            await client.OperatorService.AddSearchAttributesAsync(request, rpc);
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.AlreadyExists)
        {
            // Another host was faster.
        }

        return missing;
    }
}
