namespace Sealer;

/// <summary>Turns the many faces of a full disk into one error that says where and how much.</summary>
internal static class DiskSpace
{
    // errno of Linux and macOS; .NET hands it through as HResult where it has no exception of its own.
    private const int Enospc = 28;
    private const int EdquotLinux = 122;
    private const int EdquotMac = 69;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    public static bool IsFull(Exception e) => e is IOException && e.HResult
        is Enospc or EdquotLinux or EdquotMac or WindowsDiskFull or WindowsHandleDiskFull;

    /// <param name="folder">Where was written.</param>
    /// <param name="needed">Bytes that are still to be written there, where known.</param>
    /// <param name="inner">What the system said.</param>
    public static SealerException Full(string folder, long? needed, Exception inner)
    {
        var free = TryGetFree(folder);
        return new SealerException(
            "DiskFull",
            ErrorKind.ResourceUnavailable,
            $"The disk of '{folder}' is full: "
            + (needed is null ? "more room is needed" : $"{needed} bytes more are needed")
            + (free is null ? "." : $", {free} are free.")
            + " Make room (Optimize-ClusterImageStore removes what no image uses) or use another folder, then run it again.",
            folder,
            inner);
    }

    private static long? TryGetFree(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
