namespace Sealer.Apps;

/// <summary>Something of an application that the API knows.</summary>
/// <param name="Group">Its group, as <c>apps</c>; empty of the core's.</param>
/// <param name="Version">As <c>v1</c>.</param>
/// <param name="Kind">As <c>Deployment</c>.</param>
/// <param name="Namespace">Null of what has none.</param>
/// <param name="Name">Its name.</param>
internal sealed record AppObject(string Group, string Version, string Kind, string? Namespace, string Name)
{
    /// <summary>What kubectl is to print of objects to be read by <see cref="Read"/>.</summary>
    public const string Columns = "custom-columns=A:.apiVersion,B:.kind,C:.metadata.namespace,D:.metadata.name";

    private const string None = "<none>";

    /// <summary>Something is waited for with it: it has pods, or is one.</summary>
    public bool IsWorkload => (Group, Kind) is ("apps", "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet") or ("batch", "Job") or ("", "Pod");

    /// <summary>What kubectl takes for it.</summary>
    public string Argument => $"{Kind}.{Version}.{Group}/{Name}";

    /// <summary>The objects of lines of columns; of what is no line nothing.</summary>
    public static IReadOnlyList<AppObject> Read(string lines) =>
        [.. lines.Split('\n').Select(Of).OfType<AppObject>().Distinct()];

    /// <summary>One object; null where the line says none.</summary>
    public static AppObject? Of(string line)
    {
        if (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not [var api, var kind, var space, var name] || !new[] { api, kind, space, name }.All(IsWord) || kind == None || name == None)
            return null;
        var slash = api.IndexOf('/', StringComparison.Ordinal);
        return new AppObject(slash < 0 ? "" : api[..slash], api[(slash + 1)..], kind, space == None ? null : space, name);
    }

    /// <summary>The line that <see cref="Of"/> reads.</summary>
    public override string ToString() => $"{(Group.Length > 0 ? $"{Group}/" : "")}{Version} {Kind} {Namespace ?? None} {Name}";

    // What becomes an argument of a command, or is shown, is a name; the API's have nothing else in them.
    private static bool IsWord(string word) => word == None || (word.Length is > 0 and < 254 && word[0] != '-' && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '/'));
}
