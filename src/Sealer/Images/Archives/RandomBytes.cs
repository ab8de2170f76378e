using Microsoft.Win32.SafeHandles;

namespace Sealer.Images.Archives;

/// <summary>Bytes that can be read at any place, by several readers at once.</summary>
internal abstract class RandomBytes : IDisposable
{
    public abstract long Length { get; }

    /// <summary>Reads at an offset; fewer bytes than asked for only where the bytes lie in two files, 0 only at the end.</summary>
    public abstract int Read(Span<byte> buffer, long offset);

    /// <inheritdoc cref="Read"/>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken);

    public abstract void Dispose();

    public static RandomBytes OpenFile(string path) => new FileBytes(path);

    /// <summary>A part of these bytes; disposing it leaves these open.</summary>
    public RandomBytes Slice(long start, long length) => new SliceBytes(this, start, length);

    private sealed class FileBytes(string path) : RandomBytes
    {
        private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

        public override long Length => RandomAccess.GetLength(_file);

        public override int Read(Span<byte> buffer, long offset) => RandomAccess.Read(_file, buffer, offset);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken) =>
            RandomAccess.ReadAsync(_file, buffer, offset, cancellationToken);

        public override void Dispose() => _file.Dispose();
    }

    private sealed class SliceBytes(RandomBytes whole, long start, long length) : RandomBytes
    {
        public override long Length => length;

        public override int Read(Span<byte> buffer, long offset) =>
            offset >= length ? 0 : whole.Read(buffer[..(int)Math.Min(buffer.Length, length - offset)], start + offset);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken) => offset >= length
            ? ValueTask.FromResult(0)
            : whole.ReadAsync(buffer[..(int)Math.Min(buffer.Length, length - offset)], start + offset, cancellationToken);

        public override void Dispose()
        {
        }
    }
}
