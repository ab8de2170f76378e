using Sealer.Certificates;

namespace Sealer.Delivery;

/// <summary>Files of certificates as hosts tell them: a line for each, with its mode, its content in base64 (<c>-</c> for none), and its path.</summary>
internal static class CertificateLines
{
    /// <summary>The files; null where a line is none of these.</summary>
    /// <param name="output">What the host said.</param>
    /// <param name="areWithoutKeys">Keys were left on the host.</param>
    public static CertificateFileSet? Read(string output, bool areWithoutKeys)
    {
        var files = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => FileOf(line, areWithoutKeys)).ToList();
        return files.Contains(null) ? null : new CertificateFileSet(files.OfType<CertificateFile>());
    }

    private static CertificateFile? FileOf(string line, bool isWithoutKey)
    {
        if (line.Split(' ', 3) is not [{ Length: > 0 and <= 5 } mode, var content, ['/', ..] path] || !mode.All(digit => digit is >= '0' and <= '7'))
            return null;
        try
        {
            return new CertificateFile(path, content == "-" ? default(ReadOnlyMemory<byte>) : Convert.FromBase64String(content), Convert.ToInt32(mode, 8)) { IsWithoutKey = isWithoutKey };
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
