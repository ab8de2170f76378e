namespace Sealer.Delivery;

/// <summary>
/// A file of this machine that is open as long as a claim on a cluster is held. It tells the next controller here that the claim is
/// over where its holder could not give it back: also one of the same process, which is alive.
/// </summary>
internal sealed class ClaimFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream? _file;

    private ClaimFile(string path, FileStream? file) => (_path, _file) = (path, file);

    /// <summary>Of a claim that will be made. Where none can be written it is as if there were none.</summary>
    public static ClaimFile Open(string? folder, string holder)
    {
        var path = folder is null ? "" : PathOf(folder, holder);
        try
        {
            return new ClaimFile(path, folder is null ? null : new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ClaimFile(path, null);
        }
    }

    /// <summary>True where a claim was one of this machine's, and nobody holds it any more.</summary>
    /// <param name="folder">Where its file would be.</param>
    /// <param name="holder">Its holder, as a host says it.</param>
    public static bool IsOver(string? folder, string holder)
    {
        if (folder is null || holder.Length == 0 || !holder.All(char.IsAsciiHexDigitLower))
            return false;
        try
        {
            using var file = new FileStream(PathOf(folder, holder), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The claim was given back, or never made.</summary>
    public void Delete()
    {
        Dispose();
        if (_file is not null)
            File.Delete(_path);
    }

    /// <summary>Whether the claim is there still, nobody knows; it is not held any more.</summary>
    public void Dispose() => _file?.Dispose();

    private static string PathOf(string folder, string holder) => Path.Combine(folder, $"claim-{holder}");
}
