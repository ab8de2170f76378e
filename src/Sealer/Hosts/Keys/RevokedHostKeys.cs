using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>Files of ssh_config's RevokedHostKeys in the form of text: public keys, one a line.</summary>
internal static class RevokedHostKeys
{
    private const int MaxFileSize = 64 * 1024 * 1024;

    /// <summary>The keys, as entries about every host.</summary>
    /// <exception cref="SealerException"><c>RevokedHostKeysNotReadable</c>: as to ssh, no host is to be trusted then.</exception>
    public static IReadOnlyList<KnownHostEntry> Read(string file)
    {
        string[] lines;
        try
        {
            if (new FileInfo(file).Length > MaxFileSize)
                throw new IOException($"it is larger than {MaxFileSize >> 20} MiB");
            lines = File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw NotReadable(file, error.Message, error);
        }

        // The signature of a list that ssh-keygen -k makes.
        if (lines is [var first, ..] && first.StartsWith("SSHKRL", StringComparison.Ordinal))
            throw NotReadable(file, "it is a list in the binary form of ssh-keygen -k, which is not understood", null);
        var found = new List<KnownHostEntry>();
        for (var i = 0; i < lines.Length; i++)
        {
            var words = lines[i].Split((char[])[' ', '\t', '\r'], 3, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && HostKey.TryParse(words[0], words[1]) is { } key)
                found.Add(new KnownHostEntry(new SshConfigPlace(file, i + 1), KnownHostMarker.Revoked, "*", key));
            else if (words.Length > 0 && words[0][0] != '#')
                throw NotReadable(file, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"its line {i + 1} is no public key"), null);
        }

        return found;
    }

    private static SealerException NotReadable(string file, string why, Exception? inner) => new(
        "RevokedHostKeysNotReadable", ErrorKind.ResourceUnavailable,
        $"The revoked host keys in '{file}' cannot be read: {why.TrimEnd('.')}. Put public keys there, one a line, or take RevokedHostKeys out of ssh_config.", file, inner);
}
