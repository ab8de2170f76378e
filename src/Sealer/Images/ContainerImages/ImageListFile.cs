using System.Text;

namespace Sealer.Images.ContainerImages;

/// <summary>
/// A list of images: one a line, <c>#</c> begins a comment, quotes and blanks around a name do not count. An entry may be an
/// archive, <c>oci-archive:path[:name]</c>, <c>oci:path[:name]</c> or <c>docker-archive:path[:name]</c>.
/// </summary>
internal static class ImageListFile
{
    private const int MaxLines = 100_000;

    /// <summary>Reads a list; every mistake of it is told.</summary>
    /// <param name="file">The list's name in messages and results.</param>
    /// <param name="reader">Its text.</param>
    /// <param name="archiveFolder">What the paths of archives are relative to.</param>
    /// <param name="origin">What the images are said to be asked for by.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<ScanFindings> ReadAsync(
        string file, TextReader reader, string archiveFolder, ImageOrigin origin, CancellationToken cancellationToken)
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
            var image = Entry(text, archiveFolder, out var reason);
            if (image is null)
            {
                findings.Errors.Add($"{file}:{number}: '{text}' is not the name of an image: {reason}.");
                continue;
            }

            findings.Images.Add(image with
            {
                File = file,
                Line = number,
                Column = line.IndexOf(text, StringComparison.Ordinal) + 1,
                Origin = image.Archive is null ? origin : ImageOrigin.Archive,
            });
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

    private static FoundImage? Entry(string text, string archiveFolder, out string? reason)
    {
        reason = null;
        var archive = ArchiveLocation.TryParse(text, archiveFolder);
        if (archive is { Name: null })
        {
            reason = "an entry of an archive ends with the name of the image, for example oci-archive:app.tar:registry.example.com/app:v1";
            return null;
        }

        const string docker = "docker://";
        var name = archive?.Name ?? (text.StartsWith(docker, StringComparison.Ordinal) ? text[docker.Length..] : text);
        return ImageReference.TryParse(name, out var reference, out reason)
            ? new FoundImage { Reference = reference, Text = text, File = "", Origin = ImageOrigin.ImageList, Archive = archive }
            : null;
    }
}
