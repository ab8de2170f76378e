using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sealer.Images.Layers;

/// <summary>What file systems can do and the base library has no name for. None of these follows a link at the end of a path.</summary>
internal static partial class NativeFiles
{
    private const int AtFdCwd = -100;
    private const uint FifoType = 0x1000;
    private const uint CharacterType = 0x2000;
    private const uint BlockType = 0x6000;

    /// <summary>Gives a file another name.</summary>
    public static void HardLink(string file, string name)
    {
        if (OperatingSystem.IsWindows())
            Check(CreateHardLink(name, file, 0), name);
        else
            Check(Link(file, name) == 0, name);
    }

    /// <summary>Gives a file, folder or link its owner.</summary>
    public static void Owner(string path, uint uid, uint gid) => Check(LChown(path, uid, gid) == 0, path);

    /// <summary>Makes a device or a named pipe; Linux only.</summary>
    public static void Device(string path, LayerEntryKind kind, int major, int minor)
    {
        var type = kind switch
        {
            LayerEntryKind.Fifo => FifoType,
            LayerEntryKind.CharacterDevice => CharacterType,
            _ => BlockType,
        };
        var device = ((ulong)(uint)major & 0xFFFFF000) << 32
            | ((ulong)(uint)major & 0xFFF) << 8
            | ((ulong)(uint)minor & 0xFFFFFF00) << 12
            | ((ulong)(uint)minor & 0xFF);
        Check(MkNod(AtFdCwd, path, type | 0b110_000_000, device) == 0, path);
    }

    /// <summary>Sets an extended attribute; Linux only.</summary>
    public static void Attribute(string path, string name, byte[] value) =>
        Check(LSetXAttr(path, name, value, (nuint)value.Length, 0) == 0, path);

    /// <summary>Mounts an overlay file system; Linux only, as root.</summary>
    public static void MountOverlay(string target, string options) => Check(Mount("overlay", target, "overlay", 0, options) == 0, target);

    /// <summary>Unmounts; Linux only, as root. False where nothing is mounted there.</summary>
    public static bool Unmount(string target)
    {
        const int nofollow = 8;
        if (UMount(target, nofollow) == 0)
            return true;
        const int invalid = 22;
        const int missing = 2;
        return Marshal.GetLastPInvokeError() is invalid or missing ? false : throw Failed(target);
    }

    private static void Check(bool done, string path)
    {
        if (!done)
            throw Failed(path);
    }

    private static IOException Failed(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{new Win32Exception(error).Message} : '{path}'", error);
    }

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string file, nint security);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string file, string name);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkNod(int folder, string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSetXAttr(string path, string name, byte[] value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UMount(string target, int flags);
}
