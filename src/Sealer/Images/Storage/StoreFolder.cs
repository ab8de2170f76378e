using System.Text;
using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>The folders and files of a store, and the small writes that must be whole or not at all.</summary>
internal sealed class StoreFolder
{
    public const int Version = 1;
    private const string Layout = """{"imageLayoutVersion":"1.0.0"}""";
    private const string EmptyIndex = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""";

    private static readonly string[] OwnNames =
        ["blobs", "recipes", "partial", "cache", "index.json", "oci-layout", "store.json", "lease.lock", "index.lock"];

    private StoreFolder(string root) => Root = root;

    public string Root { get; }

    public string Blobs => Path.Combine(Root, "blobs");

    public string Recipes => Path.Combine(Root, "recipes");

    public string Partial => Path.Combine(Root, "partial");

    public string Cache => Path.Combine(Root, "cache");

    public string Index => Path.Combine(Root, "index.json");

    public string IndexLock => Path.Combine(Root, "index.lock");

    public string LeaseLock => Path.Combine(Root, "lease.lock");

    private string Marker => Path.Combine(Root, "store.json");

    /// <summary>Opens a store, or makes one of a folder that is missing or empty.</summary>
    /// <exception cref="SealerException"><c>NotAStore</c>, <c>StoreCorrupt</c>, <c>StoreTooNew</c>, <c>StoreUnusable</c>, <c>HomeNotOwned</c>.</exception>
    public static StoreFolder Open(string path)
    {
        var folder = new StoreFolder(Path.GetFullPath(path));
        try
        {
            SealerHome.CheckOwner(folder.Root);
            if (!File.Exists(folder.Marker))
                folder.Make();
            folder.CheckMarker();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "StoreUnusable",
                ErrorKind.ResourceUnavailable,
                $"The image store '{folder.Root}' cannot be used ({e.Message.TrimEnd('.')}): this user may not write to it, or it is no folder. Set {SealerHome.Variable} to a folder that you may write to.",
                folder.Root,
                e);
        }

        return folder;
    }

    public string BlobPath(Digest digest) => Path.Combine(Blobs, digest.Algorithm, digest.Hex);

    public string RecipePath(Digest digest) => Path.Combine(Recipes, digest.Algorithm, digest.Hex);

    public string PartialPath(Digest digest) => Path.Combine(Partial, digest.Algorithm + "-" + digest.Hex);

    public string NewTemporary() => Path.Combine(Partial, "tmp-" + Guid.NewGuid().ToString("N"));

    /// <summary>
    /// Writes a small document so that readers see the old or the new one, after a power cut too: names are what the user
    /// cannot fetch again, so these few bytes are flushed to the disk. Blobs are not: their digest tells whether they are
    /// whole, they are checked whenever they are read, and flushing gigabytes would cost more than fetching a broken one
    /// again.
    /// </summary>
    public void WriteDocument(string path, params ReadOnlySpan<byte[]> parts)
    {
        var temporary = NewTemporary();
        long size = 0;
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                foreach (var part in parts)
                {
                    file.Write(part);
                    size += part.Length;
                }

                file.Flush(flushToDisk: true);
            }

            Replace(temporary, path);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (DiskSpace.IsFull(e))
                throw DiskSpace.Full(Root, size, e);
            throw;
        }
    }

    /// <summary>Moves a file over another one, which somebody may be reading.</summary>
    public static void Replace(string from, string to)
    {
        // Windows refuses while a reader that shares nothing (a virus scanner) has the target open; that passes.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                File.Move(from, to, overwrite: true);
                return;
            }
            catch (Exception e) when (OperatingSystem.IsWindows()
                && attempt < 10
                && e is IOException or UnauthorizedAccessException
                && File.Exists(from))
            {
                Thread.Sleep(20 * (attempt + 1));
            }
        }
    }

    public static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Make()
    {
        if (Directory.Exists(Root)
            && Directory.EnumerateFileSystemEntries(Root).Select(Path.GetFileName).Except(OwnNames).FirstOrDefault() is { } foreign)
        {
            throw new SealerException(
                "NotAStore",
                ErrorKind.InvalidInput,
                $"'{Root}' is not an image store, and holds '{foreign}' already. Name an empty or a new folder.",
                Root);
        }

        SealerHome.CreatePrivateFolder(Root);
        foreach (var folder in new[] { Path.Combine(Blobs, Digest.Sha256), Path.Combine(Recipes, Digest.Sha256), Partial, Cache })
            Directory.CreateDirectory(folder);

        // Two processes may make the same store at once; the marker comes last, so a store that has one is complete.
        using var @lock = FileLock.Take(IndexLock, exclusive: true, TimeSpan.FromSeconds(30));
        if (File.Exists(Marker))
            return;
        WriteDocument(Path.Combine(Root, "oci-layout"), Encoding.UTF8.GetBytes(Layout));
        if (!File.Exists(Index))
            WriteDocument(Index, Encoding.UTF8.GetBytes(EmptyIndex));
        WriteDocument(Marker, JsonSerializer.SerializeToUtf8Bytes(new StoreMarker(Version), StoreJson.Default.StoreMarker));
    }

    private void CheckMarker()
    {
        StoreMarker? marker = null;
        try
        {
            marker = JsonSerializer.Deserialize(File.ReadAllBytes(Marker), StoreJson.Default.StoreMarker);
        }
        catch (JsonException)
        {
            // Told below, together with a document that is only 'null'.
        }

        if (marker is not { Version: > 0 })
        {
            throw new SealerException(
                "StoreCorrupt",
                ErrorKind.InvalidContent,
                $"The image store '{Root}' cannot be read: store.json is damaged. Restore it, or remove the folder and fetch the images again.",
                Root);
        }

        if (marker.Version > Version)
        {
            throw new SealerException(
                "StoreTooNew",
                ErrorKind.NotSupported,
                $"The image store '{Root}' was made by a newer Sealer (format {marker.Version}, this one knows {Version}). Update the module, or use another {SealerHome.Variable}.",
                Root);
        }
    }
}
