namespace Sealer.Benchmarks;

/// <summary>
/// The build context of the image rows: 4,000 files, half of them random bytes (packed binaries), half of them words (text,
/// scripts, uncompressed binaries), sizes log-normal so that a few files are large. The same seed gives the same bytes.
/// </summary>
internal sealed class SeededContext
{
    private const int Folders = 40;

    private readonly Random _random;
    private readonly byte[][] _words;

    private SeededContext(int seed)
    {
        _random = new Random(seed);
        _words = [.. Enumerable.Range(0, 8192).Select(_ => Word())];
    }

    public static void Write(string folder, long bytes, int files, int seed)
    {
        var context = new SeededContext(seed);
        var weights = Enumerable.Range(0, files).Select(_ => Math.Exp(1.5 * context.Gaussian())).ToArray();
        var total = weights.Sum();
        for (var i = 0; i < files; i++)
        {
            var path = Path.Combine(folder, "rootfs", $"d{i % Folders:d2}", $"f{i:d4}");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            context.WriteFile(path, (long)(bytes * weights[i] / total), random: i % 2 == 0);
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(19000));
        }

        File.WriteAllText(Path.Combine(folder, "Kubefile"), "FROM scratch\nCOPY rootfs .\n");
        File.WriteAllText(Path.Combine(folder, "Dockerfile"), "FROM scratch\nCOPY rootfs .\n");
    }

    private void WriteFile(string path, long size, bool random)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var block = new byte[64 * 1024];
        for (var left = size; left > 0;)
        {
            var count = (int)Math.Min(left, block.Length);
            if (random)
                _random.NextBytes(block.AsSpan(0, count));
            else
                FillWithWords(block.AsSpan(0, count));
            file.Write(block, 0, count);
            left -= count;
        }
    }

    private void FillWithWords(Span<byte> block)
    {
        while (!block.IsEmpty)
        {
            // the square makes few words frequent and most rare, as in real text
            var rank = _random.NextDouble();
            var word = _words[(int)(rank * rank * _words.Length)];
            var count = Math.Min(word.Length, block.Length);
            word.AsSpan(0, count).CopyTo(block);
            block = block[count..];
        }
    }

    private byte[] Word()
    {
        var word = new byte[_random.Next(3, 12)];
        for (var i = 0; i < word.Length - 1; i++)
            word[i] = (byte)('a' + _random.Next(26));
        word[^1] = (byte)' ';
        return word;
    }

    private double Gaussian() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
