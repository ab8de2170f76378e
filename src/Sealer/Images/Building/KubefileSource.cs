using System.Text;

namespace Sealer.Images.Building;

/// <summary>The text of a build's Kubefile and the name it has in messages.</summary>
/// <param name="Name">As the user knows it.</param>
/// <param name="Path">The file, or null where the text was given.</param>
/// <param name="Text">The text.</param>
internal sealed record KubefileSource(string Name, string? Path, string Text)
{
    /// <exception cref="SealerException"><c>KubefileNotFound</c>, <c>ContextIsAFile</c>.</exception>
    public static async Task<KubefileSource> ReadAsync(BuildOptions options, CancellationToken cancellationToken)
    {
        if (options.KubefileText is { } text)
            return new KubefileSource("Kubefile", options.KubefilePath, text);
        var path = System.IO.Path.GetFullPath(options.KubefilePath ?? System.IO.Path.Combine(options.ContextFolder, "Kubefile"));
        if (File.Exists(options.ContextFolder))
        {
            throw new SealerException(
                "ContextIsAFile",
                ErrorKind.InvalidInput,
                $"'{options.ContextFolder}' is a file. Give the folder that COPY and APP read from; a Kubefile of another name or place is given with -File.",
                options.ContextFolder);
        }

        if (!File.Exists(path))
        {
            throw new SealerException(
                "KubefileNotFound",
                ErrorKind.NotFound,
                $"There is no Kubefile '{path}'. Give its path, or the folder that holds a file named Kubefile.",
                path);
        }

        var content = await File.ReadAllTextAsync(path, Encoding.UTF8, cancellationToken).ConfigureAwait(false);
        var relative = System.IO.Path.GetRelativePath(System.IO.Path.GetFullPath(options.ContextFolder), path).Replace('\\', '/');
        return new KubefileSource(relative.StartsWith("../", StringComparison.Ordinal) ? System.IO.Path.GetFileName(path) : relative, path, content);
    }
}
