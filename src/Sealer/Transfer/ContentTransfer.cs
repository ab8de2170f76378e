using Sealer.Events;

namespace Sealer.Transfer;

/// <summary>
/// Brings content to folders of many hosts. Over the controller's uplink each byte goes once; hosts feed each other through
/// the sshd that is there. What a host has, under whatever name or from a delivery that broke off, is not sent; all is
/// verified, and appears at once where there was nothing, file by file where there was something. Nothing is left behind but
/// a list beside the folder, by which the next look takes one round trip.
/// </summary>
public static class ContentTransfer
{
    private const int LookAtOnce = 64;

    /// <summary>Looks what hosts lack, and changes nothing.</summary>
    /// <param name="job">What they shall have.</param>
    /// <param name="targets">Where.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One for each target, in their order; that a host cannot be asked is its result.</returns>
    /// <exception cref="SealerException"><c>ContentOverrideRefused</c>.</exception>
    public static async Task<IReadOnlyList<ContentInspection>> InspectAsync(
        ContentJob job, IReadOnlyList<ContentTarget> targets, CancellationToken cancellationToken = default)
    {
        var runs = RunsOf(job, targets);
        await EachAsync(runs, run => run.LookAsync(act: false, cancellationToken), cancellationToken).ConfigureAwait(false);
        var ways = ContentRun.Ways(job, runs);
        return
        [
            .. runs.Select(run => new ContentInspection(
                run.Target.Host.Name, run.Need?.Missing ?? [], run.Need?.Bytes ?? 0, run.Need?.Obsolete ?? [], run.Need?.Unknown ?? [],
                run.Has?.FreeBytes ?? 0, ways[run.Number], run.Error)),
        ];
    }

    /// <summary>Brings it. Looks first; where nothing is lacking, nothing is done.</summary>
    /// <param name="job">What they shall have.</param>
    /// <param name="targets">Where. Those that come first are fed first and feed the others.</param>
    /// <param name="progress">Told bytes by host, and what is changed on the way; may be null.</param>
    /// <param name="cancellationToken">Ends it; what was begun is taken away, and what came is kept for the next time.</param>
    /// <returns>One for each target, in their order; that a host fails is its result, and hinders no other.</returns>
    /// <exception cref="SealerException"><c>ContentOverrideRefused</c>; what reading the image throws, as <c>BlobNotFound</c>.</exception>
    public static async Task<IReadOnlyList<ContentResult>> RunAsync(
        ContentJob job, IReadOnlyList<ContentTarget> targets, IProgress<SealerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        var runs = RunsOf(job, targets);
        await new ContentRun(job, runs, progress).RunAsync(cancellationToken).ConfigureAwait(false);
        return [.. runs.Select(r => new ContentResult(r.Target.Host.Name, r.Bytes, r.Files, r.Way, r.Error))];
    }

    /// <summary>Does something with every host at once; that it fails is the host's own error.</summary>
    internal static async Task EachAsync(IEnumerable<HostRun> runs, Func<HostRun, Task> act, CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(LookAtOnce);
        await Task.WhenAll(runs.Select(async run =>
        {
            await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await act(run).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                run.Error ??= BrokenOff(run, error);
            }
            finally
            {
                slots.Release();
            }
        })).ConfigureAwait(false);
    }

    /// <summary>A host's failure, in a user's words.</summary>
    internal static SealerException BrokenOff(HostRun run, Exception error) => error as SealerException ?? new SealerException(
        "ContentNotDelivered", ErrorKind.ResourceUnavailable, $"The delivery to {run.Target.Host.Name} broke off: {error.Message} Run this again.", run.Target.Host.Name, error);

    internal static HostRun[] RunsOf(ContentJob job, IReadOnlyList<ContentTarget> targets)
    {
        foreach (var target in targets)
        {
            var folder = target.Folder;
            if (!folder.StartsWith('/') || folder.EndsWith('/') || folder.Contains('\0', StringComparison.Ordinal) || folder.Split('/').Any(p => p is "." or ".."))
                throw new ArgumentException($"'{folder}' is no absolute path of a folder.", nameof(targets));
        }

        // Of hundreds of hosts most get the same files, which are listed once.
        var sets = new Dictionary<(ContentFilter, IReadOnlyList<ContentOverride>), ContentSet>();
        return
        [
            .. targets.Select((target, i) =>
            {
                if (!sets.TryGetValue((target.Filter, target.Overrides), out var set))
                    sets[(target.Filter, target.Overrides)] = set = job.Content.For(target.Filter, target.Overrides);
                return new HostRun(i, target, set);
            }),
        ];
    }
}
