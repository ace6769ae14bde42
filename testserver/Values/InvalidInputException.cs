namespace Nstance.Temporal.TestServer.Values;

/// <summary>
/// Thrown by the pure rooms (queries, schedule specs); the door answers INVALID_ARGUMENT with its message.
/// </summary>
internal sealed class InvalidInputException(string message) : Exception(message);
