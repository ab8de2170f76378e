using System.Text.RegularExpressions;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>The images that a caller does not want: names, normalised, or patterns in which <c>*</c> stands for anything.</summary>
internal sealed class IgnoredImages
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<Regex> _patterns = [];

    /// <exception cref="SealerException"><c>InvalidIgnoredImage</c>: neither a name nor a pattern.</exception>
    public IgnoredImages(IEnumerable<string> entries)
    {
        foreach (var entry in entries.Select(entry => entry.Trim()))
        {
            if (entry.Contains('*', StringComparison.Ordinal))
            {
                _patterns.Add(Pattern(entry));
            }
            else if (ImageReference.TryParse(entry, out var reference, out var reason))
            {
                _names.Add(reference.ToString());
            }
            else
            {
                throw new SealerException(
                    "InvalidIgnoredImage",
                    ErrorKind.InvalidInput,
                    $"'{entry}' is not the name of an image to ignore: {reason}. Write a name, or a pattern such as registry.example.com/*.",
                    entry);
            }
        }
    }

    public bool Contains(ImageReference reference) =>
        _names.Contains(reference.ToString())
        || _patterns.Exists(pattern => pattern.IsMatch(reference.ToString()) || pattern.IsMatch(reference.ToFamiliarString()));

    private static Regex Pattern(string entry) => new(
        "^" + string.Join(".*", entry.Split('*').Select(Regex.Escape)) + @"\z",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
