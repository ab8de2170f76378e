using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Sealer.Images;
using Sealer.Images.Building;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>Where upstream's files are: upstream itself, a mirror, or a folder. Nothing is given out whose digest is not the one published.</summary>
/// <param name="source">The address of the mirror or the folder; null for upstream.</param>
/// <param name="remote">Downloads.</param>
internal sealed partial class ReleaseMirror(string? source, RemoteSource remote)
{
    private const long MaxList = 1 << 20;

    /// <summary>The files lie on this machine.</summary>
    public bool IsFolder => source is not null && !source.Contains("://", StringComparison.Ordinal);

    /// <summary>The URL or the full path of a file.</summary>
    public string PlaceOf(string address) => source is null ? $"https://{address}"
        : IsFolder ? Path.Combine(source, address.Replace('/', Path.DirectorySeparatorChar))
        : $"{source.TrimEnd('/')}/{address}";

    /// <summary>The digest that is published of a file.</summary>
    /// <exception cref="SealerException"><c>ReleaseFileNotFound</c>, <c>ChecksumNotFound</c>, and what a download throws.</exception>
    public async Task<Digest> DigestAsync(ReleaseFile file, CancellationToken cancellationToken)
    {
        if (file.Known is { } known)
            return known;
        var place = PlaceOf(file.Checksums!);
        string list;
        await using (var stream = await OpenAsync(place, null, cancellationToken).ConfigureAwait(false))
        {
            using var limited = new StreamReader(stream);
            var buffer = new char[MaxList];
            list = new string(buffer, 0, await limited.ReadBlockAsync(buffer, cancellationToken).ConfigureAwait(false));
        }

        var lines = list.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var named = lines.Where(line => line.Split([' ', '*', '/']).Contains(file.Name)).ToList();
        // A list of one file may be its digest alone.
        var line = named.Count == 1 ? named[0] : named.Count == 0 && lines.Length == 1 && !lines[0].Contains(' ', StringComparison.Ordinal) ? lines[0] : null;
        return line is not null && Sum().Match(line) is { Success: true } sum
            ? Digest.Parse("sha256:" + sum.Value.ToLowerInvariant())
            : throw new SealerException(
                "ChecksumNotFound", ErrorKind.InvalidContent,
                $"{place} says no SHA-256 of {file.Name}. Look whether it is what upstream publishes at https://{file.Checksums}.", place);
    }

    /// <summary>Opens a file, once it is known to be the one published.</summary>
    /// <exception cref="SealerException"><c>ReleaseFileNotFound</c>, <c>ChecksumMismatch</c>, and what a download throws.</exception>
    public async Task<Stream> OpenAsync(ReleaseFile file, CancellationToken cancellationToken) =>
        await OpenAsync(PlaceOf(file.Address), await DigestAsync(file, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private async Task<Stream> OpenAsync(string place, Digest? digest, CancellationToken cancellationToken)
    {
        if (!IsFolder)
            return (await remote.FetchAsync(place, FileModes.Data, digest, "file", cancellationToken).ConfigureAwait(false)).Entries[0].OpenContent();
        FileStream stream;
        try
        {
            stream = new FileStream(place, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "ReleaseFileNotFound", ErrorKind.NotFound,
                $"'{place}' cannot be read. The folder needs what upstream has at https://{Path.GetRelativePath(source!, place).Replace('\\', '/')}.", place, e);
        }

        if (digest is { } wanted)
        {
            var found = Digest.FromHash(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
            if (found != wanted)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
                throw new SealerException(
                    "ChecksumMismatch", ErrorKind.InvalidContent,
                    $"'{place}' is {found}, and {wanted} is published. Copy it there again.", place);
            }

            stream.Position = 0;
        }

        return stream;
    }

    [GeneratedRegex(@"\b[0-9A-Fa-f]{64}\b", RegexOptions.CultureInvariant)]
    private static partial Regex Sum();
}
