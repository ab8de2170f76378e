using System.Reflection;
using System.Reflection.Emit;
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

    /// <summary>
    /// Before any test, as another module would: another YamlDotNet and another SSH.NET are in the session. All tests work
    /// in their presence. The second is an empty assembly of that name, which nothing of ours could use.
    /// </summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        Environment.SetEnvironmentVariable("SEALER_HOME", Home);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Home, recursive: true);
        Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "foreign", "YamlDotNet.dll"));
        var name = new AssemblyName("Renci.SshNet") { Version = new Version(2016, 1, 0, 0) };
        var stub = new PersistedAssemblyBuilder(name, typeof(object).Assembly);
        stub.DefineDynamicModule(name.Name!);
        var path = Path.Combine(Home, "Renci.SshNet.dll");
        stub.Save(path);
        Assembly.LoadFrom(path);
    }
}
