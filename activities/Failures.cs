using Nstance.Temporal.Activities.Database;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities;

/// <summary>
/// Maps failures to the error types of the workflows (<see cref="ErrorTypes"/>). Inner exceptions stay here.
/// </summary>
internal static class Failures
{
    public static async Task<T> MapAsync<T>(bool isAcquire, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (CloudException e)
        {
            throw e.Fault switch
            {
                CloudFault.Denied =>
                    new ApplicationFailureException(e.Message, e, ErrorTypes.Denied, nonRetryable: true),
                CloudFault.Invalid or CloudFault.Malformed =>
                    new ApplicationFailureException(e.Message, e, ErrorTypes.BadConfiguration, nonRetryable: true),
                _ => new ApplicationFailureException(e.Message, e, ErrorTypes.Unavailable),
            };
        }
        catch (DatabaseException e) when (e.Fault == DatabaseFault.Busy)
        {
            throw new ApplicationFailureException(e.Message, e, ErrorTypes.Unavailable);
        }
        catch (DatabaseException e) when (isAcquire)
        {
            // Another host may have a usable database: the task returns to the shared queue.
            throw new ApplicationFailureException(e.Message, e, ErrorTypes.HostDeclined);
        }
        catch (DatabaseException e)
        {
            throw new ApplicationFailureException(e.Message, e, ErrorTypes.ShardNotHeld, nonRetryable: true);
        }
    }
}
