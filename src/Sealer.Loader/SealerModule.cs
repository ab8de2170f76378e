using System.Reflection;

namespace Sealer.Loader;

/// <summary>What <c>Sealer.psm1</c> calls when the module comes and goes. Safe for many runspaces at once.</summary>
public static class SealerModule
{
    // The one state a process needs: assemblies cannot be loaded twice, and type accelerators are the process's own.
    private static readonly object Gate = new();
    private static readonly List<WeakReference> Runspaces = [];
    private static Assembly? _cmdlets;
    private static TypeNames? _typeNames;

    /// <summary>Loads the cmdlets into a context of their own and makes the public types known by name.</summary>
    /// <param name="folder">The folder of the module's assemblies.</param>
    /// <param name="runspace">The runspace that imports the module.</param>
    /// <returns>The assembly of the cmdlets, for <c>Import-Module -Assembly</c>.</returns>
    /// <exception cref="InvalidOperationException">The process has loaded this module from another folder before.</exception>
    public static Assembly Import(string folder, object runspace)
    {
        lock (Gate)
        {
            var path = Path.GetFullPath(Path.Combine(folder, "Sealer.PowerShell.dll"));
            _cmdlets ??= new ModuleLoadContext(folder).LoadFromAssemblyPath(path);
            if (_cmdlets.Location != path)
            {
                throw new InvalidOperationException(
                    $"This session has Sealer loaded from '{_cmdlets.Location}' and cannot load it from '{path}' as well. Start a new PowerShell to change over.");
            }

            _typeNames ??= TypeNames.Read(Path.Combine(folder, "Sealer.PublicTypes.txt"), _cmdlets, runspace.GetType().Assembly);
            _typeNames.Register();
            Runspaces.Add(new WeakReference(runspace));
            return _cmdlets;
        }
    }

    /// <summary>Takes the type names back where no other living runspace has the module imported.</summary>
    /// <param name="runspace">The runspace that removes the module.</param>
    public static void Remove(object runspace)
    {
        lock (Gate)
        {
            // A runspace that is closed has not removed its modules: nobody calls this for it.
            Runspaces.RemoveAll(other => other.Target is not { } target || target == runspace || !IsOpen(target));
            if (Runspaces.Count == 0)
                _typeNames?.Unregister();
        }
    }

    private static bool IsOpen(object runspace)
    {
        var state = runspace.GetType().GetProperty("RunspaceStateInfo")?.GetValue(runspace);
        return state?.GetType().GetProperty("State")?.GetValue(state)?.ToString() == "Opened";
    }
}
