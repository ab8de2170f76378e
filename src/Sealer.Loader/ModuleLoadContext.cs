using System.Reflection;
using System.Runtime.Loader;

namespace Sealer.Loader;

/// <summary>
/// Where the module's assemblies live: whatever lies in its folder is taken from there, in the version that lies there,
/// whichever version another module has brought into the session. Everything else comes from PowerShell.
/// </summary>
public sealed class ModuleLoadContext : AssemblyLoadContext
{
    // Two copies of this one would be two worlds: cmdlets derived from the wrong Cmdlet are no cmdlets, and the module
    // would import without an error and export nothing.
    private const string Engine = "System.Management.Automation";

    private readonly string _folder;

    /// <param name="folder">The folder of the module's assemblies.</param>
    public ModuleLoadContext(string folder)
        : base("Sealer")
    {
        _folder = folder;
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name is null or Engine)
            return null;
        var path = Path.Combine(_folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }
}
