using System.Text;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Images.ContainerImages.Lists;

/// <summary>
/// A list of images: one a line, <c>#</c> begins a comment, quotes and blanks around a name do not count. An entry may be an
/// archive, <c>oci-archive:path[:name]</c>, <c>oci:path[:name]</c> or <c>docker-archive:path[:name]</c>; without a name it
/// stands for all images in it.
/// </summary>
internal static class ImageListFile
{
    private const int MaxLines = 100_000;

    /// <summary>Reads a list; every mistake of it is told.</summary>
    /// <param name="file">The list's name in messages and results.</param>
    /// <param name="reader">Its text.</param>
    /// <param name="archiveFolder">What the paths of archives are relative to.</param>
    /// <param name="archives">
    /// Opened where an entry of an archive gives no name. Null where archives cannot be had, because the list is another
    /// machine's: an entry with a name is asked of its registry then, and one without is left out with a warning.
    /// </param>
    /// <param name="origin">What the images are said to be asked for by.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<ScanFindings> ReadAsync(
        string file,
        TextReader reader,
        string archiveFolder,
        ContainerImageArchives? archives,
        ImageOrigin origin,
        CancellationToken cancellationToken)
    {
        var findings = new ScanFindings();
        for (var number = 1; await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line; number++)
        {
            if (number > MaxLines)
            {
                findings.Errors.Add($"{file}: The list has more than {MaxLines} lines.");
                break;
            }

            var text = Clean(line);
            if (text.Length == 0)
                continue;
            var column = line.IndexOf(text, StringComparison.Ordinal) + 1;
            if (archives is null && ArchiveLocation.TryParse(text, archiveFolder) is { } foreign)
            {
                if (foreign.Name is null)
                {
                    findings.Warnings.Add(new ScanWarning(
                        file, number, column,
                        $"The list is the parent image's, and '{text}' lay where that was built; what it held is not in the parent and was not taken. If it is needed, name its images in a list of your own."));
                    continue;
                }

                text = foreign.Name;
            }

            try
            {
                foreach (var (reference, archive) in await EntryAsync(text, archiveFolder, archives, origin, cancellationToken).ConfigureAwait(false))
                {
                    findings.Images.Add(new FoundImage
                    {
                        Reference = reference,
                        Text = text,
                        File = file,
                        Line = number,
                        Column = column,
                        Origin = archive is null ? origin : ImageOrigin.Archive,
                        Archive = archive,
                    });
                }
            }
            catch (SealerException e)
            {
                findings.Errors.Add($"{file}:{number}: {e.Message}");
            }
        }

        return findings;
    }

    /// <summary>A reader that understands byte order marks.</summary>
    public static StreamReader OpenText(Stream stream) => new(stream, Encoding.UTF8);

    private static string Clean(string line)
    {
        var comment = line.IndexOf('#', StringComparison.Ordinal);
        if (comment >= 0 && line.AsSpan(0, comment).Trim().IsEmpty)
            return "";
        // A comment after a name needs a blank before it: an archive's path may hold a '#'.
        comment = line.IndexOf(" #", StringComparison.Ordinal);
        if (comment >= 0)
            line = line[..comment];
        return line.Trim().Trim('"', '\'', ',').Trim();
    }

    private static async Task<IReadOnlyList<(ImageReference Reference, ArchiveLocation? Archive)>> EntryAsync(
        string text, string archiveFolder, ContainerImageArchives? archives, ImageOrigin origin, CancellationToken cancellationToken)
    {
        const string docker = "docker://";
        if (ArchiveLocation.TryParse(text, archiveFolder) is not { } archive)
            return [(ImageReference.Parse(text.StartsWith(docker, StringComparison.Ordinal) ? text[docker.Length..] : text), null)];
        if (origin == ImageOrigin.ImageList && !IsBelow(archiveFolder, archive.Path))
        {
            // The list in an image may come with its parent: a stranger must not name what else lies on this machine.
            throw new SealerException(
                "ArchiveOutsideContext", ErrorKind.InvalidInput,
                $"'{text}' lies outside of the build's folder '{archiveFolder}'. Copy it there, or name it in a list that is given to the build and not part of the image.",
                text);
        }

        if (archive.Name is not null)
            return [(ImageReference.Parse(archive.Name), archive)];
        var names = await archives!.NamesAsync(archive, cancellationToken).ConfigureAwait(false);
        return [.. names.Select(name => (name, (ArchiveLocation?)archive))];
    }

    private static bool IsBelow(string folder, string path)
    {
        var relative = Path.GetRelativePath(folder, path);
        return !Path.IsPathRooted(relative) && relative != ".." && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}
