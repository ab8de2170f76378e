using System.Reflection;
using System.Runtime.Loader;

namespace Sealer.Loader;

/// <summary>
/// The public types as PowerShell type accelerators. PowerShell looks up <c>[Sealer.Images.ClusterImage]</c> in its own load
/// context only and would not find it in ours; an accelerator leads there.
/// </summary>
internal sealed class TypeNames
{
    private readonly Dictionary<string, Type> _types;
    private readonly IDictionary<string, Type> _known;
    private readonly MethodInfo _add;
    private readonly MethodInfo _remove;

    private TypeNames(Dictionary<string, Type> types, Assembly engine)
    {
        _types = types;
        var accelerators = engine.GetType("System.Management.Automation.TypeAccelerators", throwOnError: true)!;
        _add = accelerators.GetMethod("Add", [typeof(string), typeof(Type)])!;
        _remove = accelerators.GetMethod("Remove", [typeof(string)])!;
        _known = (IDictionary<string, Type>)accelerators.GetProperty("Get")!.GetValue(null)!;
    }

    /// <summary>Reads the list that the build wrote: <c>assembly TAB full name</c> a line.</summary>
    public static TypeNames Read(string path, Assembly cmdlets, Assembly engine)
    {
        var context = AssemblyLoadContext.GetLoadContext(cmdlets)!;
        var types = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in File.ReadLines(path))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var type = context.LoadFromAssemblyName(new AssemblyName(line[..tab])).GetType(line[(tab + 1)..], throwOnError: true)!;
            types[type.FullName!] = type;
            types["Sealer." + type.Name] = type;
        }

        return new TypeNames(types, engine);
    }

    public void Register()
    {
        foreach (var (name, type) in _types)
        {
            if (!_known.ContainsKey(name))
                _add.Invoke(null, [name, type]);
        }
    }

    public void Unregister()
    {
        foreach (var (name, type) in _types)
        {
            // A name that somebody else has taken since is theirs.
            if (_known.TryGetValue(name, out var known) && known == type)
                _remove.Invoke(null, [name]);
        }
    }
}
