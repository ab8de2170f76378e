using System.Security.Cryptography;

namespace Sealer.Images.Layers;

/// <summary>The bytes of a layer as it is stored, counted and hashed while they are read, with some of them to look at.</summary>
/// <param name="source">Where they are read.</param>
/// <param name="isHashed">False where only a part is read, of which no digest is known.</param>
internal sealed class PackedInput(Stream source, bool isHashed = true) : IDisposable
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(256 * 1024);
    private readonly IncrementalHash? _hash = isHashed ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private long _read;

    /// <summary>The next byte to be decoded.</summary>
    public int Start { get; set; }

    /// <summary>After the last byte that is there.</summary>
    public int End { get; private set; }

    /// <summary>True when the source has no more than what lies in the buffer.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Bytes there are to look at.</summary>
    public ReadOnlySpan<byte> Available => _buffer.AsSpan(Start, End - Start);

    /// <summary>Bytes read from the source.</summary>
    public long BytesRead => _read;

    /// <summary>Where in the source <see cref="Start"/> lies.</summary>
    public long Position => _read - (End - Start);

    /// <summary>Reads until at least so many bytes lie in the buffer; false where the source ends before.</summary>
    public bool Ensure(int count)
    {
        while (End - Start < count && !AtEnd)
        {
            if (Start > 0)
            {
                System.Buffer.BlockCopy(_buffer, Start, _buffer, 0, End - Start);
                End -= Start;
                Start = 0;
            }

            var read = source.Read(_buffer, End, _buffer.Length - End);
            _hash?.AppendData(_buffer, End, read);
            End += read;
            _read += read;
            AtEnd = read == 0;
        }

        return End - Start >= count;
    }

    /// <summary>The digest of all that was read, where it was hashed.</summary>
    public Digest Finish() => Digest.FromHash(_hash!.GetHashAndReset());

    public void Dispose()
    {
        _hash?.Dispose();
        source.Dispose();
    }
}
