namespace Sealer;

/// <summary>Texts that the assembly carries.</summary>
internal static class EmbeddedText
{
    /// <summary>The names of those in a folder.</summary>
    public static IEnumerable<string> Names(string folder) => typeof(EmbeddedText).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Select(name => name[folder.Length..]);

    /// <summary>One of them.</summary>
    /// <param name="folder">Ends in a slash.</param>
    /// <param name="name">Its name there.</param>
    public static string Read(string folder, string name)
    {
        using var stream = typeof(EmbeddedText).Assembly.GetManifestResourceStream(folder + name)
            ?? throw new InvalidOperationException($"The assembly lacks {folder}{name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
