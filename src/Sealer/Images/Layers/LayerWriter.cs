using System.Security.Cryptography;
using System.Threading.Channels;
using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>
/// Writes layers: deterministic tars, packed on all processors. The tar is cut into chunks; each is read, its files hashed
/// and packed by itself on any thread, then the chunks are hashed and written in order. The same entries give the same
/// bytes on every machine. Memory depends on the processors, not on the layer.
/// </summary>
public static class LayerWriter
{
    /// <summary>Writes a layer to a stream, from its beginning to its end.</summary>
    /// <param name="target">Where the layer goes.</param>
    /// <param name="entries">What is in it, in any order.</param>
    /// <param name="options">How it is packed.</param>
    /// <param name="progress">Told the bytes of the uncompressed tar done so far; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>InvalidLayerPath</c>, <c>DuplicateLayerEntry</c>, <c>InvalidHardLink</c>: the entries make no layer;
    /// <c>LayerFileChanged</c>, <c>LayerFileUnreadable</c>: a file did not hold still or cannot be read.
    /// </exception>
    public static async Task<BuiltLayer> WriteAsync(
        Stream target,
        IEnumerable<LayerEntry> entries,
        LayerOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using var hashed = new HashingWriter(target);
        var tar = await WriteTarAsync(hashed, entries, options, progress, cancellationToken).ConfigureAwait(false);
        var digest = hashed.Finish();
        return tar.Built(options, digest, hashed.Length);
    }

    /// <summary>Writes a layer into the store.</summary>
    /// <inheritdoc cref="WriteAsync(Stream, IEnumerable{LayerEntry}, LayerOptions, IProgress{long}?, CancellationToken)"/>
    public static async Task<BuiltLayer> WriteAsync(
        ImageStore store,
        IEnumerable<LayerEntry> entries,
        LayerOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        await using var blob = store.CreateBlob();
        var tar = await WriteTarAsync(blob, entries, options, progress, cancellationToken).ConfigureAwait(false);
        var (digest, size) = await blob.CommitAsync(null, cancellationToken).ConfigureAwait(false);
        return tar.Built(options, digest, size);
    }

    private static async Task<WrittenTar> WriteTarAsync(
        Stream target,
        IEnumerable<LayerEntry> entries,
        LayerOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using var pipeline = new Pipeline(target, options, progress);
        return await pipeline.RunAsync(LayerPlan.Order(entries), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is known of a tar when it is written; <see cref="DiffId"/> is null where it is the layer itself.</summary>
    private sealed record WrittenTar(Digest? DiffId, long Size, IReadOnlyList<BuiltFile> Files)
    {
        public BuiltLayer Built(LayerOptions options, Digest digest, long size) => new(
            new Descriptor { MediaType = options.MediaType, Digest = digest, Size = size },
            DiffId ?? digest,
            Size,
            Files);
    }

    private sealed class Pipeline : IDisposable
    {
        private readonly Stream _target;
        private readonly IProgress<long>? _progress;
        private readonly ChunkPacker _packer;
        private readonly BufferPool _plain = new(LayerPlan.BufferSize);
        private readonly BufferPool _packed = new(ChunkPacker.Bound(LayerPlan.BufferSize));
        private readonly List<LayerInput> _inputs = [];
        private readonly IncrementalHash? _diffId;
        private readonly SemaphoreSlim _workers;
        private readonly SemaphoreSlim _slots;
        private long _size;

        public Pipeline(Stream target, LayerOptions options, IProgress<long>? progress)
        {
            _target = target;
            _progress = progress;
            _packer = new ChunkPacker(options.Compression, options.Level);
            _diffId = _packer.IsPlain ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var parallelism = Math.Clamp(options.Parallelism ?? Environment.ProcessorCount, 1, 16);
            _workers = new SemaphoreSlim(parallelism);
            // One chunk being packed by each worker, two packed that wait for their turn or are being written.
            _slots = new SemaphoreSlim(parallelism + 2);
        }

        public void Dispose()
        {
            foreach (var input in _inputs)
                input.Dispose();
            _diffId?.Dispose();
            _packer.Dispose();
            _workers.Dispose();
            _slots.Dispose();
        }

        public async Task<WrittenTar> RunAsync(LayerEntry[] ordered, CancellationToken cancellationToken)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var chunks = Channel.CreateUnbounded<Task<LayerChunk>>();
            var produced = ProduceAsync(ordered, chunks.Writer, stop.Token);
            try
            {
                await foreach (var chunk in chunks.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
                    await FinishAsync(await chunk.ConfigureAwait(false), stop.Token).ConfigureAwait(false);
            }
            finally
            {
                // Nothing may go on reading into a buffer or from a file when this returns.
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)produced).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                while (chunks.Reader.TryRead(out var chunk))
                    await ((Task)chunk).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            var files = _inputs.ConvertAll(i => new BuiltFile(i.Entry.Path, i.Digest, i.Entry.Size));
            return new WrittenTar(_diffId is null ? null : Digest.FromHash(_diffId.GetHashAndReset()), _size, files);
        }

        private async Task ProduceAsync(LayerEntry[] ordered, ChannelWriter<Task<LayerChunk>> chunks, CancellationToken cancellationToken)
        {
            try
            {
                foreach (var chunk in LayerPlan.Cut(ordered, Input))
                {
                    await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
                    await _workers.WaitAsync(cancellationToken).ConfigureAwait(false);
                    // A large file that is a stream can only be read from its beginning to its end, so here.
                    var filled = chunk.Parts is [{ File.IsSequential: true, Count: LayerPlan.PieceSize } or { Offset: > 0, File.IsSequential: true }];
                    if (filled)
                        await Task.Run(() => Fill(chunk), cancellationToken).ConfigureAwait(false);
                    chunks.TryWrite(Task.Run(() => Work(chunk, filled), cancellationToken));
                }

                chunks.Complete();
            }
            catch (Exception e)
            {
                chunks.Complete(e);
            }
        }

        private LayerInput Input(LayerEntry entry)
        {
            var input = new LayerInput(entry);
            _inputs.Add(input);
            return input;
        }

        private LayerChunk Work(LayerChunk chunk, bool filled)
        {
            try
            {
                if (!filled)
                    Fill(chunk);
                if (_packer.IsPlain)
                {
                    chunk.Packed = chunk.Plain;
                    chunk.PackedLength = chunk.Length;
                }
                else
                {
                    chunk.Packed = _packed.Rent(ChunkPacker.Bound(chunk.Length));
                    chunk.PackedLength = _packer.Pack(chunk.Plain.AsSpan(0, chunk.Length), chunk.Packed);
                }

                return chunk;
            }
            finally
            {
                _workers.Release();
            }
        }

        /// <summary>Reads a chunk's bytes and hashes the files that lie in it whole.</summary>
        private void Fill(LayerChunk chunk)
        {
            chunk.Plain = _plain.Rent(chunk.Length);
            var rest = chunk.Plain.AsSpan(0, chunk.Length);
            foreach (var part in chunk.Parts)
            {
                part.Header?.CopyTo(rest);
                rest = rest[(part.Header?.Length ?? 0)..];
                var content = rest[..part.Count];
                if (part.File is { } file)
                {
                    if (part.Count > 0)
                        file.Read(part.Offset, content);
                    if (part.Count == file.Entry.Size)
                    {
                        file.Hash(content);
                        file.Dispose();
                    }
                }

                rest[part.Count..(part.Count + part.Padding)].Clear();
                rest = rest[(part.Count + part.Padding)..];
            }
        }

        /// <summary>Hashes and writes the next chunk; what can be done at the same time is.</summary>
        private async Task FinishAsync(LayerChunk chunk, CancellationToken cancellationToken)
        {
            var hashing = _diffId is null
                ? Task.CompletedTask
                : Task.Run(() => _diffId.AppendData(chunk.Plain.AsSpan(0, chunk.Length)), CancellationToken.None);
            var file = HashLargeAsync(chunk);
            try
            {
                await _target.WriteAsync(chunk.Packed.AsMemory(0, chunk.PackedLength), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await hashing.ConfigureAwait(false);
                await file.ConfigureAwait(false);
            }

            _size += chunk.Length;
            _plain.Return(chunk.Plain);
            if (!_packer.IsPlain)
                _packed.Return(chunk.Packed);
            _slots.Release();
            _progress?.Report(_size);
        }

        private Task HashLargeAsync(LayerChunk chunk)
        {
            if (chunk.Parts is not [{ File: { } file } part] || part.Count == file.Entry.Size)
                return Task.CompletedTask;
            return Task.Run(() =>
            {
                var last = part.Offset + part.Count == file.Entry.Size;
                file.HashNext(chunk.Plain.AsSpan(part.Header?.Length ?? 0, part.Count), last);
            });
        }
    }

    /// <summary>Hashes what goes through to a stream that is not ours to close.</summary>
    private sealed class HashingWriter(Stream inner) : WriteOnlyStream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _length;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public Digest Finish() => Digest.FromHash(_hash.GetHashAndReset());

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _hash.AppendData(buffer.Span);
            _length += buffer.Length;
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        public override void Flush() => inner.Flush();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
