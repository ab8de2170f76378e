using System.Reflection;
using System.Runtime.CompilerServices;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sealer.PowerShell.Tests;

/// <summary>The module folder that the build has made, and the process it is tested in.</summary>
internal static class BuiltModule
{
    private static readonly Dictionary<string, string> Metadata =
        typeof(BuiltModule).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value!);

    public static string Folder { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Metadata["ModuleFolder"]));

    public static string Assemblies { get; } = Path.Combine(Folder, "bin", "net8.0");

    public static string Manifest { get; } = Path.Combine(Folder, "Sealer.psd1");

    public static string Version => Metadata["ModuleVersion"];

    /// <summary>The root of the project's tree.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Folder, "..", "..", ".."));

    /// <summary>The store, credentials and caches of these tests.</summary>
    public static string Home { get; } = Directory.CreateTempSubdirectory("sealer-home-").FullName;

    /// <summary>Other versions of what the module brings, by their names; loaded before any test.</summary>
    public static IReadOnlyList<string> Foreign { get; } = ["YamlDotNet", "SharpCompress", "Renci.SshNet"];

    /// <summary>
    /// Before any test, as other modules would: other versions of YamlDotNet, SharpCompress and SSH.NET are in the
    /// session. All tests work in their presence.
    /// </summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        Environment.SetEnvironmentVariable("SEALER_HOME", Home);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Home, recursive: true);
        foreach (var name in Foreign)
            Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "foreign", name + ".dll"));
    }
}
