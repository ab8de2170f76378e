using System.Text.RegularExpressions;

namespace Sealer.Images.ContainerImages;

/// <summary>The kinds of archive that a list may name, in skopeo's words.</summary>
public enum ArchiveKind
{
    /// <summary><c>oci-archive:</c>, an OCI layout in a tar.</summary>
    OciArchive,

    /// <summary><c>oci:</c>, an OCI layout in a folder.</summary>
    OciFolder,

    /// <summary><c>docker-archive:</c>, what <c>docker save</c> writes.</summary>
    DockerArchive,
}

/// <summary>An image in an archive or folder, <c>kind:path[:name]</c> in a list.</summary>
/// <param name="Kind">What lies at the path.</param>
/// <param name="Path">Where, as an absolute path on this machine.</param>
/// <param name="Name">
/// Which of its images; where the archive holds one image without a name, the name that it gets. Null: all of them.
/// </param>
public sealed partial record ArchiveLocation(ArchiveKind Kind, string Path, string? Name)
{
    /// <summary>
    /// Reads <c>oci-archive:path[:name]</c>, <c>oci:path[:name]</c> or <c>docker-archive:path[:name]</c>; null where the text
    /// begins with none of them. A path may hold a drive letter.
    /// </summary>
    /// <param name="text">The entry of a list.</param>
    /// <param name="folder">What a relative path is relative to.</param>
    internal static ArchiveLocation? TryParse(string text, string folder)
    {
        var match = EntryPattern().Match(text);
        if (!match.Success)
            return null;
        var kind = match.Groups["kind"].Value switch
        {
            "oci-archive" => ArchiveKind.OciArchive,
            "oci" => ArchiveKind.OciFolder,
            _ => ArchiveKind.DockerArchive,
        };
        var name = match.Groups["name"] is { Success: true, Length: > 0 } group ? group.Value : null;
        return new ArchiveLocation(kind, System.IO.Path.GetFullPath(match.Groups["path"].Value, folder), name);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var kind = Kind switch
        {
            ArchiveKind.OciArchive => "oci-archive",
            ArchiveKind.OciFolder => "oci",
            _ => "docker-archive",
        };
        return Name is null ? $"{kind}:{Path}" : $"{kind}:{Path}:{Name}";
    }

    // oci:registry.example.com/x would be an image of a registry called "oci" only with a number after the colon.
    [GeneratedRegex(@"^(?<kind>oci-archive|oci|docker-archive):(?!//|[0-9]+/)(?<path>(?:[A-Za-z]:[\\/])?[^:]+)(?::(?<name>.*))?\z")]
    private static partial Regex EntryPattern();
}
