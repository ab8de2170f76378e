using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>The file <c>mounts.json</c> of a store, changed by one process at a time.</summary>
internal sealed class MountList(string folder)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private string FilePath => Path.Combine(folder, "mounts.json");

    public IReadOnlyList<ImageMount> Read()
    {
        try
        {
            var entries = JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), MountListJson.Default.MountEntryArray) ?? [];
            return Array.ConvertAll(entries, e => e.ToMount());
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (JsonException e)
        {
            throw new SealerException(
                "MountsCorrupt",
                ErrorKind.InvalidContent,
                $"'{FilePath}' is damaged. Unmount and remove what was mounted by hand, then remove this file.",
                FilePath,
                e);
        }
    }

    /// <summary>Reads, changes and writes the list while no other process does.</summary>
    public async Task ChangeAsync(Action<List<ImageMount>> change, CancellationToken cancellationToken)
    {
        using var @lock = await FileLock.TakeAsync(Path.Combine(folder, "mounts.lock"), exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException("StoreInUse", ErrorKind.Conflict, $"Another process is mounting an image of '{folder}'. Try again.", folder);
        var mounts = Read().ToList();
        change(mounts);
        var temporary = FilePath + ".new";
        await File.WriteAllBytesAsync(
            temporary,
            JsonSerializer.SerializeToUtf8Bytes([.. mounts.Select(MountEntry.Of)], MountListJson.Default.MountEntryArray),
            cancellationToken).ConfigureAwait(false);
        StoreFolder.Replace(temporary, FilePath);
    }
}

/// <summary>A mount as it is kept.</summary>
internal sealed record MountEntry(
    string Path,
    string Image,
    Digest Digest,
    bool IsOverlay,
    bool IsReady,
    DateTimeOffset Created,
    bool MadeFolder,
    string? Changes,
    IReadOnlyList<Digest> Layers)
{
    public static MountEntry Of(ImageMount m) =>
        new(m.Path, m.Image, m.Digest, m.IsOverlay, m.IsReady, m.Created, m.MadeFolder, m.Changes, m.Layers);

    public ImageMount ToMount() => new()
    {
        Path = Path,
        Image = Image,
        Digest = Digest,
        IsOverlay = IsOverlay,
        IsReady = IsReady,
        Created = Created,
        MadeFolder = MadeFolder,
        Changes = Changes,
        Layers = Layers ?? [],
    };
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MountEntry[]))]
internal sealed partial class MountListJson : JsonSerializerContext;
