using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Images.Archives;

/// <summary>
/// The files of a tar that could only be read from front to back: what is content went straight into the store, under its
/// digest; what is small was kept in memory.
/// </summary>
internal sealed class StreamedFiles : ArchiveFiles
{
    private const int MaxInMemory = 64 * 1024 * 1024;

    private readonly ImageStore _store;
    private readonly Dictionary<string, byte[]> _small = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Digest Digest, long Size)> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (bool IsHard, string Target)> _links = new(StringComparer.Ordinal);
    private long _inMemory;

    private StreamedFiles(ImageStore store) => _store = store;

    public override IReadOnlyCollection<string> Names => [.. _small.Keys, .. _stored.Keys, .. _links.Keys];

    public override bool HasLinks => _links.Count > 0;

    /// <summary>Reads the whole tar.</summary>
    public static async Task<StreamedFiles> ReadAsync(
        Stream tar,
        ImageStore store,
        Func<string, long, IProgress<long>?> progress,
        CancellationToken cancellationToken)
    {
        var files = new StreamedFiles(store);
        var reader = new TarItemReader(tar);
        while (await reader.NextAsync(cancellationToken).ConfigureAwait(false) is { } item)
        {
            if (item.Kind == TarItemKind.Folder)
                continue;
            if (files.Contains(item.Name))
                throw ArchiveErrors.Invalid($"'{item.Name}' is in it twice");
            if (item.Kind == TarItemKind.File)
                await files.TakeAsync(item, reader, progress(item.Name, item.Size), cancellationToken).ConfigureAwait(false);
            else
                files._links[item.Name] = (item.Kind == TarItemKind.HardLink, item.LinkTarget);
        }

        return files;
    }

    public override bool TryGetSize(string name, out long size)
    {
        name = Follow(name);
        size = _small.TryGetValue(name, out var content) ? content.Length : _stored.GetValueOrDefault(name).Size;
        return content is not null || _stored.ContainsKey(name);
    }

    public override Stream Open(string name, long offset)
    {
        name = Follow(name);
        if (_small.TryGetValue(name, out var content))
            return new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false);
        return _stored.TryGetValue(name, out var stored) ? _store.OpenRead(stored.Digest, offset) : throw ArchiveErrors.Missing(name);
    }

    public override Digest? KnownDigest(string name) =>
        _stored.TryGetValue(Follow(name), out var stored) ? stored.Digest : null;

    public override void Dispose()
    {
    }

    private string Follow(string name) => TarLinks.Follow(name, n => _links.TryGetValue(n, out var link) ? link : null);

    private bool Contains(string name) => _small.ContainsKey(name) || _stored.ContainsKey(name) || _links.ContainsKey(name);

    private async Task TakeAsync(TarItem item, TarItemReader reader, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (DigestIn(item.Name) is { } digest)
        {
            var descriptor = new Descriptor { MediaType = "", Digest = digest, Size = item.Size };
            await TakeBlobAsync(item.Name, descriptor, reader, progress, cancellationToken).ConfigureAwait(false);
            _stored[item.Name] = (digest, item.Size);
            return;
        }

        if (item.Size <= OciJson.MaxManifestSize && IsDocument(item.Name))
        {
            if ((_inMemory += item.Size) > MaxInMemory)
                throw ArchiveErrors.Invalid($"its documents have more than {MaxInMemory} bytes");
            var content = new byte[item.Size];
            await reader.OpenData().ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            _small[item.Name] = content;
            return;
        }

        var writer = _store.CreateBlob();
        await using (writer.ConfigureAwait(false))
        {
            await StreamPump.RunAsync(reader.OpenData(), writer.WriteAsync, null, item.Size, progress, 0, cancellationToken)
                .ConfigureAwait(false);
            _stored[item.Name] = await writer.CommitAsync(null, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeBlobAsync(string item, Descriptor descriptor, TarItemReader reader, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var position = 0L;
        await _store.PutAsync(
            descriptor,
            async (offset, token) =>
            {
                // What reading failed with first is what has to be told; a second try cannot do better.
                if (reader.Fault is { } fault)
                    throw Compressions.Damaged(fault, item) ?? ArchiveErrors.Unreadable(item, fault);
                // The tar cannot go back; a store that wants to begin again has found its leftover wrong, and drops it now.
                if (offset < position)
                    throw VerifyingStream.WrongDigest(descriptor, "a damaged leftover of an earlier import, which is removed now; run it again");
                var data = reader.OpenData();
                var skipped = new byte[64 * 1024];
                for (; position < offset;)
                    position += await data.ReadAsync(skipped.AsMemory(0, (int)Math.Min(skipped.Length, offset - position)), token).ConfigureAwait(false);
                position = descriptor.Size;
                return data;
            },
            progress,
            cancellationToken).ConfigureAwait(false);
    }

    private static Digest? DigestIn(string name) =>
        name.Split('/') is ["blobs", var algorithm, var hex] && Digest.TryParse(algorithm + ":" + hex, out var digest) ? digest : null;

    private static bool IsDocument(string name)
    {
        var file = name[(name.LastIndexOf('/') + 1)..];
        return file.EndsWith(".json", StringComparison.Ordinal)
            || file is OciLayout.LayoutFile or SealerBundle.MetadataFile or DockerTransportFolder.VersionFile or "repositories" or "json" or "VERSION";
    }
}
