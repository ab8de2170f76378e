namespace Sealer;

/// <summary>
/// Locks between processes: an open file is the lock (flock on Unix, share modes on Windows), so that the system itself
/// gives it back when a process dies.
/// </summary>
internal static class FileLock
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Takes the lock, or returns null where somebody holds it in a way that excludes this.</summary>
    public static FileStream? TryTake(string path, bool exclusive)
    {
        try
        {
            // Shared holders open for reading with FileShare.Read: they go together, and none goes with FileShare.None.
            return exclusive
                ? new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1)
                : new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read, 1);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException or FileNotFoundException)
            && !DiskSpace.IsFull(e))
        {
            return null;
        }
    }

    /// <summary>Takes the lock within a time, or returns null.</summary>
    public static async Task<FileStream?> TakeAsync(
        string path,
        bool exclusive,
        TimeSpan patience,
        CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        for (var pause = FirstPause; ; pause = Min(pause * 2, LongestPause))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(path, exclusive) is { } taken)
                return taken;
            if (Environment.TickCount64 >= until)
                return null;
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock within a time, or returns null; for callers that are not asynchronous.</summary>
    public static FileStream? Take(string path, bool exclusive, TimeSpan patience)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        for (var pause = FirstPause; ; pause = Min(pause * 2, LongestPause))
        {
            if (TryTake(path, exclusive) is { } taken)
                return taken;
            if (Environment.TickCount64 >= until)
                return null;
            Thread.Sleep(pause);
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
