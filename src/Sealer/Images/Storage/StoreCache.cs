using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>The small documents of the build cache; the file name is the SHA-256 of the key.</summary>
internal sealed class StoreCache(StoreFolder folder)
{
    public byte[]? TryRead(string key, Func<Digest, bool> has)
    {
        var document = TryReadFile(PathOf(key));
        return document is not null && document.Key == key && document.Blobs.All(has)
            ? Encoding.UTF8.GetBytes(document.Value.GetRawText())
            : null;
    }

    public void Write(string key, ReadOnlyMemory<byte> json, IReadOnlyList<Digest> blobs)
    {
        using var value = JsonDocument.Parse(json);
        var document = new CacheDocument(key, blobs, value.RootElement);
        folder.WriteDocument(PathOf(key), JsonSerializer.SerializeToUtf8Bytes(document, StoreJson.Default.CacheDocument));
    }

    public IEnumerable<string> Files() =>
        Directory.Exists(folder.Cache) ? Directory.EnumerateFiles(folder.Cache) : [];

    /// <summary>The blobs that a document keeps; none where it is damaged.</summary>
    public IReadOnlyList<Digest> BlobsOf(string path) => TryReadFile(path)?.Blobs ?? [];

    private static CacheDocument? TryReadFile(string path)
    {
        try
        {
            var document = JsonSerializer.Deserialize(File.ReadAllBytes(path), StoreJson.Default.CacheDocument);
            return document is { Key: not null, Blobs: not null } ? document : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private string PathOf(string key) =>
        Path.Combine(folder.Cache, Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))).ToLowerInvariant() + ".json");
}
