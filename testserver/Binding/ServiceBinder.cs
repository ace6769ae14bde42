using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.TestServer.Binding;

/// <summary>
/// Binds the <see cref="RpcTable"/> to gRPC. The SDK's service base classes are not public. Its descriptors take half a
/// second of processor time to build, so the table describes the methods.
/// </summary>
internal static class ServiceBinder
{
    private const string Prefix = "application/grpc";

    /// <summary>Maps every method of the table; calls of others are answered UNIMPLEMENTED, by name.</summary>
    public static void Map(WebApplication app, RpcTable table)
    {
        app.Use((context, next) => IsUnknown(context) ? AnswerUnknown(context) : next(context));
        foreach (var service in table.Methods.GroupBy(each => each.Service))
        {
            var builder = ServerServiceDefinition.CreateBuilder();
            foreach (var method in service)
                Add(builder, method, table);
            app.MapGrpcService(builder.Build());
        }
    }

    private static void Add(
        ServerServiceDefinition.Builder builder, RpcMethod method, RpcTable table) => builder.AddMethod(
        new Method<IMessage, IMessage>(
            MethodType.Unary, FullName(method.Service), method.Name, Marshaller(method.Request), Marshaller(null)),
        async (request, context) =>
        {
            try
            {
                return await table.Invoke(method.Key, request, new(context.Deadline, context.CancellationToken));
            }
            catch (OperationCanceledException)
            {
                throw new RpcException(new(StatusCode.Cancelled, "the caller went away"));
            }
        });

    private static string FullName(string service) => $"temporal.api.{service.ToLowerInvariant()}.v1.{service}";

    private static Marshaller<IMessage> Marshaller(MessageParser? parser) => Marshallers.Create<IMessage>(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => parser!.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static bool IsUnknown(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() == null
        && context.Request.ContentType?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    private static Task AnswerUnknown(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var fault = Fault.Unimplemented(path[(path.LastIndexOf('.') + 1)..]);
        context.Response.ContentType = Prefix;
        context.Response.Headers["grpc-status"] = ((int)fault.StatusCode).ToString();
        context.Response.Headers["grpc-message"] = Uri.EscapeDataString(fault.Status.Detail);
        return Task.CompletedTask;
    }
}
