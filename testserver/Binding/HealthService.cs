using System.Buffers;
using Grpc.Core;

namespace Nstance.Temporal.TestServer.Binding;

/// <summary>
/// grpc.health.v1 by hand: its two messages are one string and one enum, which needs no package.
/// </summary>
internal static class HealthService
{
    // HealthCheckResponse { status = SERVING }: field 1, varint 1.
    private static readonly byte[] Serving = [0x08, 0x01];

    public static ServerServiceDefinition Bind()
    {
        var bytes = Marshallers.Create<byte[]>(
            (data, context) =>
            {
                context.SetPayloadLength(data.Length);
                context.GetBufferWriter().Write(data);
                context.Complete();
            },
            context => context.PayloadAsReadOnlySequence().ToArray());
        UnaryServerMethod<byte[], byte[]> answer = (_, _) => Task.FromResult(Serving);
        return ServerServiceDefinition.CreateBuilder()
            .AddMethod(
                new Method<byte[], byte[]>(MethodType.Unary, "grpc.health.v1.Health", "Check", bytes, bytes),
                answer)
            .Build();
    }
}
