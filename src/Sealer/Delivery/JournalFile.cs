using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sealer.Delivery;

/// <summary>The controller's copy of a journal: only ever added to, and on the disk when that returns.</summary>
internal sealed class JournalFile : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private long _length;

    private JournalFile(string path, SafeFileHandle handle, long length) => (_path, _handle, _length) = (path, handle, length);

    /// <summary>What stands in a journal; empty where there is none.</summary>
    /// <exception cref="SealerException"><c>JournalDamaged</c>, <c>JournalUnusable</c>.</exception>
    public static List<JournalEntry> Read(string path)
    {
        try
        {
            return File.Exists(path) ? JournalLines.Read(File.ReadAllText(path), path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Opens a journal to add to it; makes it, and its folder, where there is none.</summary>
    /// <exception cref="SealerException"><c>JournalUnusable</c>, and those of <see cref="SealerHome"/>.</exception>
    public static JournalFile Open(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        SealerHome.CreatePrivateFolder(folder);
        try
        {
            var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            FlushFolder(folder);
            return new JournalFile(path, handle, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Adds entries. Ends when the disk has them; what a full disk took of them goes again.</summary>
    /// <exception cref="SealerException"><c>JournalUnusable</c>.</exception>
    public void Append(IEnumerable<JournalEntry> entries)
    {
        // A line that was torn before ends here; empty lines mean nothing.
        var bytes = Encoding.UTF8.GetBytes("\n" + string.Concat(entries.Select(entry => entry.ToLine() + "\n")));
        try
        {
            RandomAccess.Write(_handle, bytes, _length);
            RandomAccess.FlushToDisk(_handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CutBack();
            throw Unusable(_path, e);
        }

        _length += bytes.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void CutBack()
    {
        try
        {
            RandomAccess.SetLength(_handle, _length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What comes next is written over it.
        }
    }

    // The file's name has to last too.
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsLinux())
            Posix.Flush(folder);
    }

    private static SealerException Unusable(string path, Exception e) => new(
        "JournalUnusable", ErrorKind.ResourceUnavailable,
        $"The journal '{path}' cannot be used: {e.Message} Make room or mend the folder's permissions, or set {SealerHome.Variable} to another folder.", path, e);
}
