namespace Sealer.Images.Building.Running;

/// <summary>
/// Takes the clock out of what a command left behind: files that it wrote get a time that hangs on the inputs, folders that
/// it merely wrote into get theirs back. The next command sees what it would see if the image were unpacked anew.
/// </summary>
internal static class RootTimes
{
    /// <summary>Sets the times on the disk and in the later snapshot.</summary>
    /// <param name="before">What was there when the command began.</param>
    /// <param name="after">What is there now.</param>
    /// <param name="newest">The time that what it wrote gets; may lie in the future.</param>
    /// <param name="began">When it began: what is newer has the clock's time, unless the command gave it another.</param>
    public static void Settle(RootSnapshot before, RootSnapshot after, DateTimeOffset newest, DateTimeOffset began)
    {
        var limit = newest.ToUnixTimeSeconds();

        // File systems take their time from a clock that lags a little behind.
        var own = Math.Min(limit, began.ToUnixTimeSeconds() - 1);
        foreach (var (path, state) in after.Files.ToList())
        {
            var (seconds, nanoseconds) = before.Files.TryGetValue(path, out var old) && old.Type == FileState.Folder && !state.DiffersFrom(old)
                ? (old.ModifiedSeconds, old.ModifiedNanoseconds)
                : state.ModifiedSeconds >= own ? (limit, 0u)
                : (state.ModifiedSeconds, state.ModifiedNanoseconds);

            // A file that was there and was not touched is newer than the limit because its layer says so.
            if ((seconds, nanoseconds) == (state.ModifiedSeconds, state.ModifiedNanoseconds) || (state.Type != FileState.Folder && state == old))
                continue;
            after.SetModified(path, seconds, nanoseconds);
            try
            {
                // Of a link its own time, not that of what it points at.
                File.SetLastWriteTimeUtc(Path.Combine(after.Root, path), DateTime.UnixEpoch.AddSeconds(seconds).AddTicks(nanoseconds / 100));
            }
            catch (UnauthorizedAccessException)
            {
                // A link of another user inside; the layer says the right time all the same.
            }
        }
    }
}
