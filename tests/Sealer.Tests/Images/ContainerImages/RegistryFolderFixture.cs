using System.Formats.Tar;
using Sealer.Images;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.ContainerImages;

/// <summary>A store, registries in memory by domain, and what becomes of both.</summary>
internal sealed class RegistryFolderFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, MemoryImages> _registries = [];

    public RegistryFolderFixture() => Store = ImageStore.Open(_folder["store"]);

    public static Platform Amd64 { get; } = Platform.Parse("linux/amd64");

    public ImageStore Store { get; }

    public ContainerImageFetcher Fetcher => new(
        Store,
        reference => Of(reference.Domain),
        (archive, _) => Task.FromResult<IImageSource>(Of(archive.Path)),
        null);

    /// <summary>Bytes of all files of the store.</summary>
    public long DiskUse => Directory.EnumerateFiles(Store.Folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

    public MemoryImages Of(string domain)
    {
        lock (_registries)
            return _registries.TryGetValue(domain, out var images) ? images : _registries[domain] = new MemoryImages();
    }

    /// <summary>Gives the registry of a name an image.</summary>
    public async Task<Descriptor> PushAsync(string name, int seed, int layers = 2, string platform = "linux/amd64")
    {
        var reference = ImageReference.Parse(name);
        var image = await RandomImage.WriteAsync(Of(reference.Domain), seed, layers, platform: Platform.Parse(platform));
        await Of(reference.Domain).TagAsync(reference, image, CancellationToken.None);
        return image;
    }

    public static FoundImage Wanted(string name, ArchiveLocation? archive = null, string? appName = null, int line = 1) => new()
    {
        Reference = ImageReference.Parse(name),
        Text = name,
        File = "manifests/imageList",
        Line = line,
        Origin = archive is null ? ImageOrigin.ImageList : ImageOrigin.Archive,
        Archive = archive,
        AppName = appName,
    };

    public Task<IReadOnlyList<FetchedImage>> FetchAsync(RegistryFolderSource held, params string[] names) =>
        Fetcher.FetchAsync([.. names.Select(name => Wanted(name))], Amd64, held, CancellationToken.None);

    /// <summary>Fetches, writes the layer, and gives the registry as it lies on a host over what the parent brings.</summary>
    public async Task<(RegistryFolderLayerResult Result, RegistryFolderSource Tree, MemoryFiles Files)> BuildAsync(
        MemoryFiles? parent, RegistryFolderSource held, params string[] names)
    {
        var fetched = await FetchAsync(held, names);
        var result = await RegistryFolderLayer.WriteAsync(Store, fetched, held, DateTimeOffset.UnixEpoch, CancellationToken.None);
        var files = new MemoryFiles();
        foreach (var entry in parent?.List("") ?? [])
            Copy(parent!.Open(entry.Path), entry.Path);
        foreach (var (entry, content) in Entries(result))
        {
            if (entry.EntryType == TarEntryType.RegularFile)
                files.Add(entry.Name, content);
        }

        var images = ContainerImageEntries.Of([.. names.Select(name => Wanted(name))], Amd64, held);
        return (result, new RegistryFolderSource(files, images, result.Paths), files);

        void Copy(Stream from, string path)
        {
            using var content = new MemoryStream();
            from.CopyTo(content);
            files.Add(path, content.ToArray());
        }
    }

    public List<(TarEntry Entry, byte[] Content)> Entries(RegistryFolderLayerResult result)
    {
        var entries = new List<(TarEntry, byte[])>();
        if (result.Layer is null)
            return entries;
        using var reader = new TarReader(Store.OpenRead(result.Layer.Digest));
        while (reader.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            entries.Add((entry, content.ToArray()));
        }

        return entries;
    }

    public void Dispose() => _folder.Dispose();
}
