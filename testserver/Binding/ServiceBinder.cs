using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Nstance.Temporal.TestServer.Binding;

/// <summary>
/// Service base classes are not public in the SDK, the descriptors are: each method of a descriptor becomes
/// a gRPC method whose requests go through the <see cref="RpcTable"/>.
/// </summary>
internal static class ServiceBinder
{
    public static ServerServiceDefinition Bind(ServiceDescriptor service, RpcTable table)
    {
        var builder = ServerServiceDefinition.CreateBuilder();
        foreach (var method in service.Methods)
        {
            var name = service.Name + "/" + method.Name;
            builder.AddMethod(
                new Method<IMessage, IMessage>(
                    MethodType.Unary,
                    service.FullName,
                    method.Name,
                    Marshaller(method.InputType),
                    Marshaller(method.OutputType)),
                async (request, context) =>
                {
                    try
                    {
                        return await table.Invoke(
                            name,
                            request,
                            new(context.Deadline, context.CancellationToken));
                    }
                    catch (OperationCanceledException)
                    {
                        throw new RpcException(new(StatusCode.Cancelled, "the caller went away"));
                    }
                });
        }
        return builder.Build();
    }

    private static Marshaller<IMessage> Marshaller(MessageDescriptor type) => Marshallers.Create<IMessage>(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => type.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
