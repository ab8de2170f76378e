using System.Text;

namespace Sealer.Images.Layers;

/// <summary>
/// What names a system takes, and which of them are one to it. A layer made elsewhere may hold names that here would mean
/// a device, another drive, a stream of another file, or a file that is there already.
/// </summary>
public sealed class TargetNames
{
    private static readonly string[] Reserved =
    [
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
    ];

    private readonly bool _windows;
    private readonly Func<string, string> _fold;

    internal TargetNames(bool windows, Func<string, string> fold)
    {
        _windows = windows;
        _fold = fold;
    }

    /// <summary>Linux: every byte but <c>/</c> and NUL, nothing folded.</summary>
    public static TargetNames Linux { get; } = new(windows: false, n => n);

    /// <summary>macOS: like Linux, but large and small letters and the ways to write an accent are one.</summary>
    public static TargetNames MacOS { get; } = new(windows: false, n => n.Normalize(NormalizationForm.FormD).ToUpperInvariant());

    /// <summary>Windows: no reserved names and characters, no trailing dots and spaces; large and small letters are one.</summary>
    public static TargetNames Windows { get; } = new(windows: true, n => n.ToUpperInvariant());

    /// <summary>Those of the system this runs on.</summary>
    public static TargetNames Current { get; } =
        OperatingSystem.IsWindows() ? Windows : OperatingSystem.IsMacOS() ? MacOS : Linux;

    /// <summary>What two names have in common that this system takes for one.</summary>
    internal string Fold(string name) => _fold(name);

    /// <summary>Why a name (one part of a path) cannot be used, or null where it can.</summary>
    internal string? WhyNot(string name)
    {
        if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\0'))
            return "it is no name";
        if (!_windows)
            return null;
        foreach (var c in name)
        {
            if (c < ' ' || "<>:\"|?*\\".Contains(c, StringComparison.Ordinal))
                return "Windows takes ':' for a drive or a stream, '\\' for a folder, and has no names with < > \" | ? * or control characters";
        }

        if (name[^1] is '.' or ' ')
            return "Windows drops dots and spaces at the end of a name";
        var stem = name.AsSpan();
        stem = stem.IndexOf('.') is var dot and >= 0 ? stem[..dot] : stem;
        stem = stem.TrimEnd(' ');
        foreach (var reserved in Reserved)
        {
            if (stem.Equals(reserved, StringComparison.OrdinalIgnoreCase))
                return "it is the name of a device on Windows";
        }

        return null;
    }
}
