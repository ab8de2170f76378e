using System.Reflection;

namespace Sealer.Runner;

/// <summary>Finds the built module.</summary>
internal static class ModuleLocation
{
    /// <summary>
    /// The module's manifest: beside the published program, the newest where there are several, else where the build put it;
    /// null where it is nowhere. A published program knows no other place.
    /// </summary>
    public static string? FindManifest()
    {
        var beside = new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "Modules", "Sealer"));
        if (beside.Exists)
            return Newest(beside);
        var built = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "ModuleFolder")?.Value;
        var manifest = built is null ? null : Path.GetFullPath(Path.Combine(built, "Sealer.psd1"));
        return File.Exists(manifest) ? manifest : null;
    }

    /// <summary>The manifest of the highest version in a module's folder, or null.</summary>
    internal static string? Newest(DirectoryInfo folder) =>
        folder.EnumerateDirectories()
            .Where(f => Version.TryParse(f.Name, out _) && File.Exists(Path.Combine(f.FullName, "Sealer.psd1")))
            .MaxBy(f => Version.Parse(f.Name)) is { } newest ? Path.Combine(newest.FullName, "Sealer.psd1") : null;

    /// <summary>
    /// The module path: ours first, then the user's, without those of an installed PowerShell, whose own modules belong to
    /// that version of the engine and do not load into this one.
    /// </summary>
    public static string ModulePath(string manifest, string? inherited)
    {
        var ours = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(manifest)!, "..", ".."));
        var theirs = (inherited ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(f => !Directory.Exists(Path.Combine(f, "Microsoft.PowerShell.Utility")));
        return string.Join(Path.PathSeparator, theirs.Prepend(ours).Distinct());
    }
}
