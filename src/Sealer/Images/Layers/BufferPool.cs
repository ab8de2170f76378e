using System.Collections.Concurrent;

namespace Sealer.Images.Layers;

/// <summary>Buffers of one size that live as long as one operation, so that the process gives the memory back after it.</summary>
internal sealed class BufferPool(int size)
{
    private readonly ConcurrentBag<byte[]> _free = [];

    /// <summary>A buffer of at least <paramref name="least"/> bytes; its content is whatever it was.</summary>
    public byte[] Rent(int least = 0) =>
        least <= size && _free.TryTake(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(Math.Max(size, least));

    /// <summary>Gives a buffer back; ones larger than usual are let go.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length == size)
            _free.Add(buffer);
    }
}
