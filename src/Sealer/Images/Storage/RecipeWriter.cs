using System.Security.Cryptography;
using Sealer.Images.Copying;

namespace Sealer.Images.Storage;

/// <summary>
/// Makes a blob out of bytes and of blobs that are in the store, hashing as it goes; only the bytes are written. Disposed
/// without commit, nothing is kept. One caller at a time.
/// </summary>
public sealed class RecipeWriter : IDisposable
{
    private readonly ImageStore _store;
    private readonly StoreLease _lease;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<BlobPart> _parts = [];
    private readonly MemoryStream _inline = new();

    internal RecipeWriter(ImageStore store, StoreLease lease)
    {
        _store = store;
        _lease = lease;
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Adds bytes that the recipe keeps itself; meant for headers and padding, not for content.</summary>
    public void Append(ReadOnlySpan<byte> inline)
    {
        _hash.AppendData(inline);
        _inline.Write(inline);
        Length += inline.Length;
    }

    /// <summary>Adds a whole blob of the store, which is read for the hash and held to its own digest.</summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>, <c>DigestMismatch</c>, <c>Truncated</c>.</exception>
    public Task AppendAsync(Digest blob, CancellationToken cancellationToken) => AppendAsync(blob, isVerified: false, cancellationToken);

    /// <summary>Adds a whole blob of the store, which is read for the hash.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="isVerified">True where the caller has just written it, so that it need not be held to its own digest again.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>BlobNotFound</c>, <c>DigestMismatch</c>, <c>Truncated</c>.</exception>
    public Task AppendAsync(Digest blob, bool isVerified, CancellationToken cancellationToken) =>
        DamagedContent.ReadAsync(_store, blob, () => ReadAsync(blob, isVerified, cancellationToken), cancellationToken);

    /// <summary>Ends the blob and stores its recipe.</summary>
    public async Task<(Digest Digest, long Size)> CommitAsync(CancellationToken cancellationToken)
    {
        EndInline();
        var digest = Digest.FromHash(_hash.GetHashAndReset());
        await _store.AddRecipeAsync(new BlobRecipe(digest, Length, _parts), cancellationToken).ConfigureAwait(false);
        return (digest, Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        _inline.Dispose();
        _lease.Dispose();
    }

    private async Task ReadAsync(Digest blob, bool isVerified, CancellationToken cancellationToken)
    {
        if (!_store.TryGetSize(blob, out var size))
            size = 0;
        var descriptor = new Descriptor { MediaType = "", Digest = blob, Size = size };
        var stored = _store.OpenRead(blob);
        var source = isVerified ? stored : new VerifyingStream(stored, descriptor);
        await using (source.ConfigureAwait(false))
        {
            var read = await StreamPump.RunAsync(source, (_, _) => ValueTask.CompletedTask, _hash, size, null, 0, cancellationToken)
                .ConfigureAwait(false);
            if (read != size)
                throw VerifyingStream.TruncatedAt(descriptor, read);
        }

        if (size == 0)
            return;
        EndInline();
        _parts.Add(BlobPart.Of(blob, 0, size));
        Length += size;
    }

    private void EndInline()
    {
        if (_inline.Length == 0)
            return;
        _parts.Add(BlobPart.Of(_inline.ToArray()));
        _inline.SetLength(0);
    }
}
