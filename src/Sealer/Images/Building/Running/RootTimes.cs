namespace Sealer.Images.Building.Running;

/// <summary>
/// Takes the clock out of what a command left behind: files that it wrote get a time that hangs on the inputs, folders that
/// it merely wrote into get theirs back. The next command sees what it would see if the image were unpacked anew.
/// </summary>
internal static class RootTimes
{
    /// <summary>Sets the times on the disk and in the later snapshot.</summary>
    public static void Settle(RootSnapshot before, RootSnapshot after, DateTimeOffset newest)
    {
        var limit = newest.ToUnixTimeSeconds();
        foreach (var (path, state) in after.Files.ToList())
        {
            var (seconds, nanoseconds) = before.Files.TryGetValue(path, out var old) && old.Type == FileState.Folder && !state.DiffersFrom(old)
                ? (old.ModifiedSeconds, old.ModifiedNanoseconds)
                : state.ModifiedSeconds >= limit ? (limit, 0u)
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
