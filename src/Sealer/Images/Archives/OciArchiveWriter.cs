using System.Text;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>
/// Writes an OCI archive, one blob after the other, verified on the way. Blobs that come in the same order make the same
/// bytes. Has its name only after <see cref="CommitAsync"/>; disposed before, nothing is left.
/// </summary>
public sealed class OciArchiveWriter : ISequentialTarget, IReferrerTarget, IAsyncDisposable
{
    private readonly ArchiveOutput _output;
    private readonly TarItemWriter _tar;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<Digest> _written = [];
    private readonly OciIndexEntries _entries = new();
    private bool _broken;

    /// <param name="path">The file; replaced where it exists, once this one is complete.</param>
    /// <param name="partSize">Most bytes a part, to split the archive; null for one file.</param>
    /// <exception cref="SealerException"><c>ArchiveUnwritable</c>, <c>DiskFull</c>, <c>InvalidPartSize</c>.</exception>
    public OciArchiveWriter(string path, long? partSize)
    {
        ArchiveExport.CheckPartSize(partSize);
        _output = new ArchiveOutput(path, partSize);
        _tar = new TarItemWriter(_output);
    }

    /// <summary>Full paths of what was made; after <see cref="CommitAsync"/>.</summary>
    public IReadOnlyList<string> Files => _output.Files;

    /// <summary>Bytes of the archive.</summary>
    public long Length => _output.Length;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        lock (_written)
            return Task.FromResult(_written.Contains(descriptor.Digest));
    }

    /// <inheritdoc/>
    public async Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await ExistsAsync(descriptor, cancellationToken).ConfigureAwait(false))
                return;
            if (_broken)
                throw new InvalidOperationException("The archive failed in the middle of a blob and cannot be gone on with.");
            _broken = true;
            await _tar.BeginFileAsync(OciLayout.PathOf(descriptor.Digest), descriptor.Size, cancellationToken).ConfigureAwait(false);
            await BlobTransfer.RunAsync(descriptor, openAsync, _output.WriteAsync, progress, cancellationToken).ConfigureAwait(false);
            await _tar.EndFileAsync(descriptor.Size, cancellationToken).ConfigureAwait(false);
            _broken = false;
            lock (_written)
                _written.Add(descriptor.Digest);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public Task TagAsync(ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        _entries.Add(reference, descriptor);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task AttachAsync(Descriptor referrer, CancellationToken cancellationToken)
    {
        _entries.Add(null, referrer);
        return Task.CompletedTask;
    }

    /// <summary>Writes the index and gives the archive its name.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_broken)
            throw new InvalidOperationException("The archive failed in the middle of a blob.");
        await _tar.WriteFileAsync(OciLayout.IndexFile, _entries.ToJson(), cancellationToken).ConfigureAwait(false);
        await _tar.WriteFileAsync(OciLayout.LayoutFile, Encoding.UTF8.GetBytes(OciIndexEntries.Layout), cancellationToken).ConfigureAwait(false);
        await _tar.EndAsync(cancellationToken).ConfigureAwait(false);
        await _output.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _output.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }
}
