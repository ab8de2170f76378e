using System.Net;
using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles;

/// <summary>Small changes of a Clusterfile that keep all the rest of it as its author wrote it: comments, order, layout.</summary>
public static partial class ClusterfileEdit
{
    /// <summary>Adds names to <c>spec.hostAliases</c>; where they stand there already, nothing is written.</summary>
    /// <param name="path">The Clusterfile.</param>
    /// <param name="address">What the names mean.</param>
    /// <param name="names">The names.</param>
    /// <returns>True where something was written.</returns>
    /// <exception cref="SealerException">
    /// <c>ClusterfileNotEdited</c>: it is written in a way that cannot be added to; <c>InvalidClusterfile</c>, <c>ClusterfileNotFound</c>,
    /// <c>ClusterfileNotWritten</c>.
    /// </exception>
    public static bool AddHostAlias(string path, IPAddress address, IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var before = Clusterfile.ReadFile(path, new ClusterfileReadOptions { ResolveSecrets = false }).GetSpec();
        var missing = names.Except(before.HostAliases.Where(a => a.Address.Equals(address)).SelectMany(a => a.HostNames), StringComparer.OrdinalIgnoreCase).ToList();
        if (missing.Count == 0)
            return false;
        var text = File.ReadAllText(path);
        if (Insert(text, $"- ip: \"{address}\"", $"  hostnames: [{string.Join(", ", missing.Select(n => $"\"{n}\""))}]") is not { } edited || !Says(edited, path, before, new HostAlias(address, missing)))
        {
            throw new SealerException(
                "ClusterfileNotEdited", ErrorKind.NotSupported,
                $"spec.hostAliases of '{path}' is written in a way that nothing is added to. Write it there yourself: ip: {address}, hostnames: {string.Join(", ", missing)}.", path);
        }

        Replace(path, edited);
        return true;
    }

    private static string? Insert(string text, string first, string second)
    {
        var end = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var lines = text.Split('\n').ToList();
        var cluster = YamlDocuments.Read(text).Documents.OfType<YamlMapping>().FirstOrDefault(d => d.FindScalar("kind")?.Value == "Cluster");
        if (cluster?.Find("spec") is not YamlMapping { Entries.Count: > 0 } spec)
            return null;
        string[] added;
        YamlNode place;
        if (spec.Entries.FirstOrDefault(e => e.Key.Value == "hostAliases").Value is { } there)
        {
            if (there is not YamlSequence { Items: [YamlMapping item, ..] })
                return null;
            var dash = lines[item.Line - 1].IndexOf('-', StringComparison.Ordinal);
            if (dash < 0 || lines[item.Line - 1][..(item.Column - 1)].Trim() != "-")
                return null;
            var indent = new string(' ', dash);
            (place, added) = (item, [indent + first, indent + second]);
        }
        else
        {
            place = spec.Entries[0].Key;
            var indent = lines[place.Line - 1][..(place.Column - 1)];
            if (indent.Trim().Length > 0)
                return null;
            added = [indent + "hostAliases:", indent + first, indent + second];
        }

        var mark = end == "\r\n" ? "\r" : "";
        lines.InsertRange(place.Line - 1, added.Select(l => l + mark));
        return string.Join('\n', lines);
    }

    // What is written is what is checked.
    private static bool Says(string text, string path, ClusterSpec before, HostAlias added)
    {
        var read = Clusterfile.Read(text, new ClusterfileReadOptions { ResolveSecrets = false, FileName = path, BaseFolder = Path.GetDirectoryName(Path.GetFullPath(path)) });
        return read.Spec is { } after
            && after.HostAliases.Count == before.HostAliases.Count + 1
            && after.HostAliases.Any(a => a.Address.Equals(added.Address) && a.HostNames.SequenceEqual(added.HostNames))
            && Clusterfile.Write(after with { HostAliases = [] }) == Clusterfile.Write(before with { HostAliases = [] });
    }

    private static void Replace(string path, string text)
    {
        var file = (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
        var partial = $"{file}.{Guid.NewGuid():n}.partial";
        try
        {
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                create.UnixCreateMode = File.GetUnixFileMode(file);
            using (var stream = new FileStream(partial, create))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            // It stays its owner's, also where root changes it, and as it was for others, whatever the umask.
            if (OperatingSystem.IsLinux() && Posix.Stat(file) is { } before && before.Uid != Posix.EffectiveUserId())
                Posix.TryGive(partial, before.Uid, before.Gid);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(partial, File.GetUnixFileMode(file));
            File.Move(partial, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(partial);
            throw new SealerException("ClusterfileNotWritten", ErrorKind.ResourceUnavailable, $"The Clusterfile '{path}' cannot be written: {e.Message.TrimEnd('.')}. Ask its owner, or work as them.", path, e);
        }
    }
}
