using System.Security.Cryptography;

namespace Sealer.Images.Layers;

/// <summary>
/// A run of the tar that is read, hashed and compressed as one: whole small files with their headers, or a piece of a
/// large one. Where it begins and ends depends on the entries alone, so that files that did not change give the same
/// frames again.
/// </summary>
internal sealed class LayerChunk
{
    /// <summary>What lies in the chunk, in order.</summary>
    public List<LayerChunkPart> Parts { get; } = [];

    /// <summary>Bytes of the uncompressed tar.</summary>
    public int Length { get; set; }

    /// <summary>The uncompressed bytes.</summary>
    public byte[] Plain { get; set; } = [];

    /// <summary>What is written to the layer; <see cref="Plain"/> itself where nothing is compressed.</summary>
    public byte[] Packed { get; set; } = [];

    /// <summary>Bytes of <see cref="Packed"/>.</summary>
    public int PackedLength { get; set; }
}

/// <summary>A header and a piece of a file's content, or one of them.</summary>
/// <param name="Header">The header blocks, or null in the middle of a large file.</param>
/// <param name="File">The file the content is of, or null where the entry has none.</param>
/// <param name="Offset">Where in the file the piece begins.</param>
/// <param name="Count">Bytes of the piece.</param>
/// <param name="Padding">Zeros after it.</param>
internal sealed record LayerChunkPart(byte[]? Header, LayerInput? File, long Offset, int Count, int Padding);

/// <summary>A file on its way into a layer: its content is opened once and read in pieces.</summary>
internal sealed class LayerInput(LayerEntry entry) : IDisposable
{
    private readonly object _gate = new();
    private IncrementalHash? _hash;
    private Stream? _stream;
    private Microsoft.Win32.SafeHandles.SafeFileHandle? _handle;
    private DateTime _modified;

    /// <summary>The entry it becomes.</summary>
    public LayerEntry Entry => entry;

    /// <summary>The content's digest, once all of it was read.</summary>
    public Digest Digest { get; private set; }

    /// <summary>True where pieces can only be read one after the other.</summary>
    public bool IsSequential => entry.LocalFile is null;

    /// <summary>Reads a piece; the last one also proves that there is no more.</summary>
    public void Read(long offset, Span<byte> piece)
    {
        try
        {
            if (entry.LocalFile is not null)
                ReadLocal(entry.LocalFile, offset, piece);
            else
                ReadStream(offset, piece);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "LayerFileUnreadable",
                ErrorKind.InvalidInput,
                $"'{entry.LocalFile ?? entry.Path}' cannot be read: {e.Message}",
                entry.LocalFile ?? entry.Path,
                e);
        }
    }

    /// <summary>Hashes a file that was read in one piece.</summary>
    public void Hash(ReadOnlySpan<byte> whole)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(whole, hash);
        Digest = Digest.FromHash(hash);
    }

    /// <summary>Hashes the next piece of a large file; pieces come in order.</summary>
    public void HashNext(ReadOnlySpan<byte> piece, bool last)
    {
        _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _hash.AppendData(piece);
        if (!last)
            return;
        Digest = Digest.FromHash(_hash.GetHashAndReset());
        Dispose();
    }

    public void Dispose()
    {
        _hash?.Dispose();
        _stream?.Dispose();
        _handle?.Dispose();
    }

    private void ReadLocal(string path, long offset, Span<byte> piece)
    {
        lock (_gate)
        {
            if (_handle is null)
            {
                _handle = File.OpenHandle(path);
                _modified = File.GetLastWriteTimeUtc(_handle);
            }
        }

        var done = 0;
        while (done < piece.Length)
        {
            var read = RandomAccess.Read(_handle, piece[done..], offset + done);
            if (read == 0)
                throw Changed("became shorter");
            done += read;
        }

        if (offset + piece.Length < entry.Size)
            return;
        if (RandomAccess.GetLength(_handle) != entry.Size)
            throw Changed("became longer");
        if (File.GetLastWriteTimeUtc(_handle) != _modified)
            throw Changed("was written to");
    }

    private void ReadStream(long offset, Span<byte> piece)
    {
        _stream ??= (entry.Open ?? throw new ArgumentException($"'{entry.Path}' has {entry.Size} bytes but nothing to read them from."))();
        var done = _stream.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
        if (done < piece.Length)
            throw Changed("became shorter");
        if (offset + piece.Length == entry.Size && _stream.ReadByte() >= 0)
            throw Changed("became longer");
    }

    private SealerException Changed(string how) => new(
        "LayerFileChanged",
        ErrorKind.Conflict,
        $"'{entry.LocalFile ?? entry.Path}' {how} while it was read (it had {entry.Size} bytes). Let nothing write to it and run again.",
        entry.LocalFile ?? entry.Path);
}
