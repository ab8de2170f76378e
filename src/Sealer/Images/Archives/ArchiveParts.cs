using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images.Archives;

/// <summary>One part of an archive that was split for small media.</summary>
/// <param name="Name">File name, <c>NAME.part001</c> and so on; lies beside the index.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">64 hexadecimal digits, as <c>sha256sum</c> prints them.</param>
public sealed record ArchivePart(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("sha256")] string Sha256);

/// <summary>
/// The file <c>NAME.parts.json</c> beside the parts of a split archive. <c>cat NAME.part*</c> makes the archive whole again
/// where there is no Sealer.
/// </summary>
public sealed record ArchiveParts
{
    internal const string IndexSuffix = ".parts.json";
    private const string PartInfix = ".part";

    /// <summary>Always 1.</summary>
    [JsonPropertyName("version")]
    public int Version { get; init; } = 1;

    /// <summary>File name of the whole archive.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Bytes of the whole archive.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    /// <summary>In order.</summary>
    [JsonPropertyName("parts")]
    public required IReadOnlyList<ArchivePart> Parts { get; init; }

    /// <summary>Folder in which index and parts lie.</summary>
    [JsonIgnore]
    public string Folder { get; init; } = "";

    /// <summary>Reads the index of a split archive.</summary>
    /// <param name="path">The index, a part, or the name of the whole.</param>
    /// <returns>Null where the path is none of these.</returns>
    /// <exception cref="SealerException"><c>PartMissing</c>, <c>PartDamaged</c>, <c>InvalidArchive</c>.</exception>
    public static ArchiveParts? TryRead(string path)
    {
        var full = Path.GetFullPath(path);
        var whole = full.EndsWith(IndexSuffix, StringComparison.Ordinal) ? full[..^IndexSuffix.Length] : WithoutPart(full);
        if (whole is null && !Path.Exists(full))
            whole = full;
        if (whole is null)
            return null;
        var index = whole + IndexSuffix;
        var parts = File.Exists(index) ? ReadIndex(index) : Numbered(whole);
        parts?.CheckSizes();
        return parts;
    }

    /// <summary>Hashes every part.</summary>
    /// <exception cref="SealerException"><c>PartDamaged</c>, naming the first that is.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        foreach (var part in Parts.Where(p => p.Sha256.Length > 0))
        {
            var file = File.OpenRead(Path.Combine(Folder, part.Name));
            await using (file.ConfigureAwait(false))
            {
                var hash = await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false);
                if (!string.Equals(Convert.ToHexString(hash), part.Sha256, StringComparison.OrdinalIgnoreCase))
                    throw Damaged(part, "its content is not what was written");
            }
        }
    }

    internal static string PartName(string whole, int number) =>
        whole + PartInfix + number.ToString("000", CultureInfo.InvariantCulture);

    /// <summary>Full paths of the numbered parts that lie beside a whole, of this or any other archive of its name.</summary>
    internal static IReadOnlyList<string> FilesOf(string whole) =>
        [.. Directory.GetFiles(Path.GetDirectoryName(whole)!).Where(file => WithoutPart(file) == whole)];

    private static string? WithoutPart(string path)
    {
        var at = path.LastIndexOf(PartInfix, StringComparison.Ordinal);
        return at > 0 && path.Length >= at + PartInfix.Length + 3 && path.AsSpan(at + PartInfix.Length).IndexOfAnyExceptInRange('0', '9') < 0
            ? path[..at]
            : null;
    }

    private static ArchiveParts ReadIndex(string path)
    {
        ArchiveParts? parts = null;
        try
        {
            parts = JsonSerializer.Deserialize(File.ReadAllBytes(path), ArchiveJson.Default.ArchiveParts);
        }
        catch (JsonException e)
        {
            throw ArchiveErrors.Invalid($"'{path}' is damaged", e);
        }

        if (parts?.Parts is null || parts.Version != 1
            || parts.Parts.Any(p => p is not { Name: not null, Sha256: not null, Size: >= 0 } || p.Name != Path.GetFileName(p.Name))
            || parts.Parts.Sum(p => p.Size) != parts.Size)
        {
            throw ArchiveErrors.Invalid($"'{path}' is damaged, or of a later version");
        }

        return parts with { Folder = Path.GetDirectoryName(path)! };
    }

    /// <summary>Parts whose index was lost: as many as follow each other.</summary>
    private static ArchiveParts? Numbered(string whole)
    {
        var parts = new List<ArchivePart>();
        while (new FileInfo(PartName(whole, parts.Count + 1)) is { Exists: true } file)
            parts.Add(new ArchivePart(file.Name, file.Length, ""));
        if (parts.Count > 0)
            return new ArchiveParts { Name = Path.GetFileName(whole), Size = parts.Sum(p => p.Size), Parts = parts, Folder = Path.GetDirectoryName(whole)! };
        if (!Directory.Exists(Path.GetDirectoryName(whole))
            || !Directory.EnumerateFiles(Path.GetDirectoryName(whole)!, Path.GetFileName(whole) + PartInfix + "*").Any())
        {
            return null;
        }

        throw Missing(PartName(whole, 1));
    }

    private void CheckSizes()
    {
        foreach (var part in Parts)
        {
            var file = new FileInfo(Path.Combine(Folder, part.Name));
            if (!file.Exists)
                throw Missing(file.FullName);
            if (file.Length != part.Size)
                throw Damaged(part, $"it has {file.Length} bytes and should have {part.Size}");
        }
    }

    private static SealerException Missing(string path) => new(
        "PartMissing",
        ErrorKind.NotFound,
        $"The part '{path}' of the archive is missing. Copy all parts into one folder.",
        path);

    private SealerException Damaged(ArchivePart part, string why) => new(
        "PartDamaged",
        ErrorKind.InvalidContent,
        $"The part '{Path.Combine(Folder, part.Name)}' of the archive is damaged: {why}. Copy this part again; the others may stay.",
        part.Name);
}

[JsonSerializable(typeof(ArchiveParts))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class ArchiveJson : JsonSerializerContext;
