using System.Reflection;

namespace Sealer.Runner;

/// <summary>Finds the built module.</summary>
internal static class ModuleLocation
{
    /// <summary>The module's manifest: beside the published program, else where the build put it; null where it is nowhere.</summary>
    public static string? FindManifest()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "Modules", "Sealer");
        if (Directory.Exists(beside) && Directory.EnumerateFiles(beside, "Sealer.psd1", SearchOption.AllDirectories).FirstOrDefault() is { } published)
            return published;
        var built = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "ModuleFolder").Value!;
        var manifest = Path.GetFullPath(Path.Combine(built, "Sealer.psd1"));
        return File.Exists(manifest) ? manifest : null;
    }

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
