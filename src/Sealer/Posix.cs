using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sealer;

/// <summary>The calls of Linux that .NET does not offer. Only for use on Linux.</summary>
internal static partial class Posix
{
    private const int NoEntry = 2;
    private const int AccessDenied = 13;
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxBasicStats = 0x7ff;

    public static uint EffectiveUserId() => GetEffectiveUserId();

    public static uint EffectiveGroupId() => GetEffectiveGroupId();

    /// <summary>What is at a path, links not followed; null where nothing is.</summary>
    public static FileState? Stat(string path)
    {
        if (StatX(AtFdCwd, path, AtSymlinkNoFollow, StatxBasicStats, out var s) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error switch
            {
                NoEntry => null,
                AccessDenied => throw new UnauthorizedAccessException(path),
                _ => throw new IOException($"{path}: {new Win32Exception(error).Message}"),
            };
        }

        return new FileState(
            s.Mode, s.Uid, s.Gid, (long)s.Size, s.Links, ((ulong)s.DeviceMajor << 32) | s.DeviceMinor, s.Inode,
            s.RealDeviceMajor, s.RealDeviceMinor,
            s.Modified.Seconds, s.Modified.Nanoseconds, s.Changed.Seconds, s.Changed.Nanoseconds);
    }

    /// <summary>True where a path is on another device, or is where a file system is mounted, of the same device too.</summary>
    public static bool IsOtherFileSystem(string path, ulong device)
    {
        const ulong mountRoot = 0x2000;
        return StatX(AtFdCwd, path, AtSymlinkNoFollow, StatxBasicStats, out var s) == 0
            && ((((ulong)s.DeviceMajor << 32) | s.DeviceMinor) != device || (s.Attributes & mountRoot) != 0);
    }

    /// <summary>Has the names in a folder written to the disk.</summary>
    public static void Flush(string folder)
    {
        const int readFolder = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC
        var descriptor = Open(folder, readFolder);
        var failed = descriptor < 0 || Synchronize(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        if (descriptor >= 0)
            _ = Close(descriptor);
        if (failed)
            throw new IOException($"{folder}: {new Win32Exception(error).Message}");
    }

    /// <summary>Extended attributes that belong into a layer: capabilities of programs and those that users set.</summary>
    public static IReadOnlyDictionary<string, byte[]>? ExtendedAttributes(string path)
    {
        var names = new byte[64 * 1024];
        var length = ListExtendedAttributes(path, names, (nuint)names.Length);
        if (length <= 0)
            return null;
        SortedDictionary<string, byte[]>? found = null;
        foreach (var name in Encoding.UTF8.GetString(names, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name != "security.capability" && !name.StartsWith("user.", StringComparison.Ordinal))
                continue;
            var value = new byte[64 * 1024];
            var size = GetExtendedAttribute(path, name, value, (nuint)value.Length);
            if (size >= 0)
                (found ??= new SortedDictionary<string, byte[]>(StringComparer.Ordinal))[name] = value[..(int)size];
        }

        return found;
    }

    /// <summary>Sends a signal; one that has ended meanwhile is fine.</summary>
    public static void Kill(int process, int signal) => _ = SendSignal(process, signal);

    /// <summary>Moves the thread that calls into a network namespace. The thread must end there.</summary>
    /// <exception cref="IOException">The kernel refuses it.</exception>
    public static void EnterNetworkNamespace(SafeFileHandle file)
    {
        const int newNetwork = 0x40000000;
        if (SetNamespace(file, newNetwork) != 0)
            throw new IOException($"A network namespace cannot be entered: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    /// <summary>Gives a file to a user and a group; false where that may not be done.</summary>
    public static bool TryGive(string path, uint user, uint group) => ChangeOwner(path, user, group) == 0;

    /// <summary>Gives a file a second name; false where that cannot be: another disk, another system.</summary>
    public static bool TryLink(string path, string name) => !OperatingSystem.IsWindows() && Link(path, name) == 0;

    /// <summary>Removes an empty folder, or one whose files go with it, as a control group's do; one that is gone is fine.</summary>
    /// <exception cref="IOException">It is in use, or holds folders.</exception>
    public static void RemoveFolder(string path)
    {
        if (RemoveDirectory(path) == 0)
            return;
        var error = Marshal.GetLastPInvokeError();
        if (error != NoEntry)
            throw new IOException($"{path}: {new Win32Exception(error).Message}");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint GetEffectiveGroupId();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out StatxBuffer buffer);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ListExtendedAttributes(string path, [Out] byte[] names, nuint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetExtendedAttribute(string path, string name, [Out] byte[] value, nuint size);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle file, int type);

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string name);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);

    [StructLayout(LayoutKind.Sequential)]
    private struct StatxTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
    }

    // struct statx is the same on every architecture, which struct stat is not.
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct StatxBuffer
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint Links;
        public uint Uid;
        public uint Gid;
        public ushort Mode;
        public ushort Spare;
        public ulong Inode;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public StatxTime Accessed;
        public StatxTime Born;
        public StatxTime Changed;
        public StatxTime Modified;
        public uint RealDeviceMajor;
        public uint RealDeviceMinor;
        public uint DeviceMajor;
        public uint DeviceMinor;
    }
}
