using System.Threading.Channels;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Writes what a listing noted, in the order in which rows came to be: rows of one page of the file are then written together,
/// which makes a first sync of a large fleet several times cheaper than the listing's order. Many are prepared by one thread and
/// written by another, each on a connection of its own. A row that somebody wrote since it was compared stays as it is.
/// </summary>
internal sealed class NotedWriter(ShardDatabase database, ShardRef shard, DateTimeOffset at)
{
    /// <summary>Gives how many rows were written.</summary>
    /// <param name="progress">Called after each batch.</param>
    public async Task<int> WriteAsync(Action progress)
    {
        var noted = database.TakeNoted();
        using var rest = noted.Ordered().GetEnumerator();
        using var beside = noted.Count < database.Many ? null : database.OpenBeside();
        if (beside is not null) return await WriteAsync(rest, beside, progress);
        var (batch, written) = (new WriteBatch(), 0);
        while (database.Prepare(rest, shard, batch)) written += Write(batch, database, progress);
        return written;
    }

    /// <summary>Two batches go round: one is prepared while the other is written.</summary>
    private async Task<int> WriteAsync(IEnumerator<NotedChange> rest, ShardDatabase writer, Action progress)
    {
        var (empty, full) = (Channel.CreateUnbounded<WriteBatch>(), Channel.CreateUnbounded<WriteBatch>());
        foreach (var batch in new WriteBatch[] { new(), new() }) empty.Writer.TryWrite(batch);
        var preparing = Task.Run(PrepareAsync, CancellationToken.None);
        var written = 0;
        try
        {
            await foreach (var batch in full.Reader.ReadAllAsync())
            {
                written += Write(batch, writer, progress);
                empty.Writer.TryWrite(batch);
            }
        }
        finally
        {
            // A connection must not be left while it is read.
            empty.Writer.TryComplete();
            await ((Task)preparing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return written;

        async Task PrepareAsync()
        {
            try
            {
                await foreach (var batch in empty.Reader.ReadAllAsync())
                {
                    if (!database.Prepare(rest, shard, batch)) break;
                    full.Writer.TryWrite(batch);
                }

                full.Writer.TryComplete();
            }
            catch (Exception e)
            {
                full.Writer.TryComplete(e); // thrown by who reads
            }
        }
    }

    private int Write(WriteBatch batch, ShardDatabase writer, Action progress)
    {
        var written = writer.Refresh(batch, at);
        progress();
        return written;
    }
}
