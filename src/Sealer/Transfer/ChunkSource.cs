using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>A chunk as it is sent.</summary>
/// <param name="Chunk">The chunk.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Digest">Their SHA-256, in hexadecimal; <c>-</c> where nobody passes them on.</param>
/// <param name="Buffer">Where they lie, where that is used again; else null.</param>
internal sealed record ReadyChunk(Chunk Chunk, ReadOnlyMemory<byte> Bytes, string Digest, byte[]? Buffer)
{
    /// <summary>How many use it, the source among them as long as it keeps it.</summary>
    public int Users { get; set; } = 1;
}

/// <summary>
/// Makes chunks ready out of an image's layers, each once as long as those who want it keep pace: the last few are kept. What
/// was told of a chunk (size and digest) is kept for all. Safe for concurrent use.
/// </summary>
/// <param name="chunks">All of them.</param>
/// <param name="origins">Where contents lie.</param>
/// <param name="arePassedOn">Hosts give chunks to each other, and need the digest of each for it.</param>
internal sealed class ChunkSource(IReadOnlyList<Chunk> chunks, ContentOrigins origins, bool arePassedOn) : IDisposable
{
    private const int Kept = 4;

    private readonly SemaphoreSlim _reading = new(1);
    private readonly LinkedList<ReadyChunk> _kept = [];
    private readonly Stack<byte[]> _free = [];
    private readonly int _largest = (int)chunks.Where(c => c.Content is not null).Select(c => c.Length).DefaultIfEmpty().Max();
    private readonly ConcurrentDictionary<int, (int Size, string Digest)> _told = [];

    private readonly ContentReader _reader = origins.Open();

    /// <summary>How many times a chunk was made; for tests.</summary>
    public int Made { get; private set; }

    /// <summary>A chunk, for who gives it back by <see cref="Return"/> when its bytes are not needed any more.</summary>
    public async Task<ReadyChunk> GetAsync(int number, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var ready = _kept.FirstOrDefault(c => c.Chunk.Number == number);
            if (ready is null)
            {
                ready = await Task.Run(() => Make(chunks[number]), cancellationToken).ConfigureAwait(false);
                _kept.AddLast(ready);
                Made++;
                _told[number] = (ready.Bytes.Length, ready.Digest);
                if (_kept.Count > Kept)
                {
                    Return(_kept.First!.Value);
                    _kept.RemoveFirst();
                }
            }

            lock (_free)
                ready.Users++;
            return ready;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>What was got is not needed any more: others may be made in its place.</summary>
    public void Return(ReadyChunk ready)
    {
        lock (_free)
        {
            if (--ready.Users == 0 && ready.Buffer is not null)
                _free.Push(ready.Buffer);
        }
    }

    /// <summary>Size and digest of a chunk that a host has: where it has had it before all this, it is made for this.</summary>
    public async Task<(int Size, string Digest)> ToldAsync(int number, CancellationToken cancellationToken)
    {
        if (_told.TryGetValue(number, out var told))
            return told;
        var ready = await GetAsync(number, cancellationToken).ConfigureAwait(false);
        Return(ready);
        return (ready.Bytes.Length, ready.Digest);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _reading.Dispose();
    }

    private ReadyChunk Make(Chunk chunk)
    {
        byte[]? buffer = null;
        ReadOnlyMemory<byte> bytes;
        if (chunk.Content is { } content)
        {
            lock (_free)
                _free.TryPop(out buffer);
            buffer ??= GC.AllocateUninitializedArray<byte>(_largest);
            if (chunk.Length > 0)
                _reader.Read(content, chunk.Offset, buffer.AsSpan(0, (int)chunk.Length));
            bytes = buffer.AsMemory(0, (int)chunk.Length);
        }
        else
        {
            bytes = Pack(chunk);
        }

        return new ReadyChunk(chunk, bytes, arePassedOn ? Convert.ToHexString(SHA256.HashData(bytes.Span)).ToLowerInvariant() : "-", buffer);
    }

    /// <summary>A tar of the files as they are to be, and of a list by which the host verifies them.</summary>
    private ReadOnlyMemory<byte> Pack(Chunk chunk)
    {
        var sums = new StringBuilder();
        foreach (var entry in chunk.Files)
            sums.Append(SumLine(entry));
        using var tar = new MemoryStream((int)chunk.Length + (chunk.Files.Count * 2048) + 8192);
        TransferTar.Add(tar, $"sums/{chunk.Number}", 0x180, Encoding.UTF8.GetBytes(sums.ToString()));
        foreach (var entry in chunk.Files)
        {
            tar.Write(TarHeader.Of(TransferTar.EntryOf(entry)));
            var begin = (int)tar.Length;
            tar.SetLength(begin + TarHeader.Padded(entry.Size));
            if (entry.Size > 0)
                _reader.Read(entry.Digest!.Value, 0, tar.GetBuffer().AsSpan(begin, (int)entry.Size));
            tar.Position = tar.Length;
        }

        tar.Write(new byte[TarHeader.EndSize]);
        return tar.GetBuffer().AsMemory(0, (int)tar.Length);
    }

    /// <summary>As sha256sum writes it and reads it again.</summary>
    internal static string SumLine(ContentEntry entry)
    {
        var name = "./" + entry.Path;
        var escaped = name.AsSpan().IndexOfAny('\\', '\n', '\r') < 0
            ? null
            : name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
        return escaped is null ? $"{entry.Digest!.Value.Hex}  {name}\n" : $"\\{entry.Digest!.Value.Hex}  {escaped}\n";
    }
}
