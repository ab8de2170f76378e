using System.Collections.Concurrent;
using System.Text;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>
/// Writes an OCI layout into a folder, or adds to one that is there. Blobs have their name once they are whole, the index is
/// written by <see cref="CommitAsync"/>.
/// </summary>
public sealed class OciFolderWriter : IImageTarget, IReferrerTarget
{
    private readonly string _root;
    private readonly OciIndexEntries _entries = new();
    private readonly ConcurrentDictionary<Digest, bool> _whole = new();

    /// <param name="path">A folder that is missing, empty, or an OCI layout.</param>
    /// <exception cref="SealerException"><c>FolderNotEmpty</c>: it holds something else; <c>InvalidManifest</c>; <c>ArchiveUnwritable</c>.</exception>
    public OciFolderWriter(string path)
    {
        _root = Path.GetFullPath(path);
        try
        {
            var isLayout = File.Exists(Path.Combine(_root, OciLayout.LayoutFile));
            if (!isLayout && Directory.Exists(_root) && Directory.EnumerateFileSystemEntries(_root).FirstOrDefault() is { } there)
                throw ArchiveExport.NotEmpty(_root, there);
            Directory.CreateDirectory(Path.Combine(_root, "blobs", Digest.Sha256));
            if (isLayout && File.Exists(Path.Combine(_root, OciLayout.IndexFile)))
                _entries.AddExisting(OciJson.ReadIndex(File.ReadAllBytes(Path.Combine(_root, OciLayout.IndexFile))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ArchiveErrors.Unwritable(_root, e);
        }
    }

    /// <inheritdoc/>
    /// <remarks>What is there is read and hashed, once: a medium that damaged it may have kept its size.</remarks>
    public async Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        var path = PathOf(descriptor.Digest);
        if (new FileInfo(path) is not { Exists: true } file || file.Length != descriptor.Size)
            return false;
        if (_whole.ContainsKey(descriptor.Digest))
            return true;
        try
        {
            using var hash = descriptor.Digest.CreateHash();
            var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous);
            await using (content.ConfigureAwait(false))
            {
                await StreamPump.RunAsync(content, (_, _) => ValueTask.CompletedTask, hash, long.MaxValue - 1, null, 0, cancellationToken)
                    .ConfigureAwait(false);
            }

            if (!descriptor.Digest.Matches(hash.GetHashAndReset()))
                return false;
            _whole[descriptor.Digest] = true;
            return true;
        }
        catch (IOException)
        {
            // A medium that cannot give it back has not got it; it is written again, under a name of its own first.
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        if (await ExistsAsync(descriptor, cancellationToken).ConfigureAwait(false))
            return;
        var path = PathOf(descriptor.Digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await WriteFileAsync(
            path,
            async (output, token) => await BlobTransfer.RunAsync(descriptor, openAsync, output.WriteAsync, progress, token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        _whole[descriptor.Digest] = true;
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

    /// <summary>Writes the index.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await WriteFileAsync(
            Path.Combine(_root, OciLayout.IndexFile),
            async (output, token) => await output.WriteAsync(_entries.ToJson(), token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        await WriteFileAsync(
            Path.Combine(_root, OciLayout.LayoutFile),
            async (output, token) => await output.WriteAsync(Encoding.UTF8.GetBytes(OciIndexEntries.Layout), token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task WriteFileAsync(string path, Func<ArchiveOutput, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var output = new ArchiveOutput(path, null);
        await using (output.ConfigureAwait(false))
        {
            await write(output, cancellationToken).ConfigureAwait(false);
            await output.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private string PathOf(Digest digest) => Path.Combine(_root, "blobs", digest.Algorithm, digest.Hex);
}
