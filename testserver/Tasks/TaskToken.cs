using System.Text;
using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;

namespace Nstance.Temporal.TestServer.Tasks;

/// <summary>What the server finds a task again by: kind, run, number in the run, stamp of the attempt.</summary>
internal readonly record struct TaskToken(char Kind, string RunId, long Number, string Stamp)
{
    public ByteString ToBytes() => ByteString.CopyFromUtf8($"{Kind}|{RunId}|{Number}|{Stamp}");

    public static TaskToken Parse(ByteString bytes, char kind)
    {
        var parts = Encoding.UTF8.GetString(bytes.Span).Split('|');
        if (parts is not [[var found], var runId, var digits, var stamp]
            || found != kind
            || !long.TryParse(digits, out var number))
            throw Fault.InvalidArgument("Invalid TaskToken.");
        return new(kind, runId, number, stamp);
    }
}
