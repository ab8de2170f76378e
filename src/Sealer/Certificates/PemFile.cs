using System.Buffers;
using System.Text;

namespace Sealer.Certificates;

/// <summary>One block of a PEM file.</summary>
/// <param name="Label">What stands after BEGIN.</param>
/// <param name="Data">The bytes.</param>
/// <param name="IsEncrypted">By the old way, with headers.</param>
internal sealed record PemBlock(string Label, byte[] Data, bool IsEncrypted);

/// <summary>
/// Reads PEM in one pass over the lines: .NET's own search begins anew behind each BEGIN without an END, which takes a file of
/// nothing else hours.
/// </summary>
internal static class PemFile
{
    public const string CertificateLabel = "CERTIFICATE";
    public const int LargestFile = 1 << 20;

    private const int MostBlocks = 256;

    // A certificate with a thousand names has 30 KB, an RSA key of 16384 bits 9.
    private const int LargestBlock = 64 << 10;

    private const int LongestLabel = 64;
    private static readonly SearchValues<char> Label = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 #-.");

    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";

    /// <summary>The blocks; text around them is skipped, as everybody does.</summary>
    /// <param name="content">The file.</param>
    /// <param name="reason">Why it cannot be read, or null; then there are no blocks.</param>
    public static IReadOnlyList<PemBlock> Read(ReadOnlySpan<byte> content, out string? reason)
    {
        reason = null;
        if (content.Length > LargestFile)
        {
            reason = $"it is larger than {LargestFile >> 20} MiB";
            return [];
        }

        var blocks = new List<PemBlock>();
        var body = new StringBuilder();
        string? label = null;
        var (encrypted, headers) = (false, false);
        // What is not ASCII belongs to no block.
        foreach (var raw in Encoding.Latin1.GetString(content).AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd();
            if (line.StartsWith(Begin) && line.EndsWith(Dashes) && line.Length > Begin.Length + Dashes.Length)
            {
                // It is quoted where something is wrong, and the file is a stranger's.
                if (!IsLabel(line[Begin.Length..^Dashes.Length]))
                {
                    reason = "a block begins with words that are no label";
                    return [];
                }


                (label, encrypted, headers) = (line[Begin.Length..^Dashes.Length].ToString(), false, false);
                body.Clear();
            }
            else if (label is not null && line.StartsWith(End))
            {
                if (!line[End.Length..].SequenceEqual(label + Dashes))
                    reason = $"a block begins as {label} and ends as something else";
                else if (Decode(body.ToString()) is { } data)
                    blocks.Add(new PemBlock(label, data, encrypted));
                else
                    reason = $"a block {label} is no base64";
                label = null;
            }
            else if (label is not null)
            {
                // RFC 1421: headers are lines with a colon, and end with an empty line.
                headers |= line.Contains(':');
                encrypted |= line.StartsWith("Proc-Type:") && line.Contains("ENCRYPTED", StringComparison.Ordinal);
                if (headers && line.IsEmpty)
                    headers = false;
                else if (!headers)
                    body.Append(line);
            }

            if (body.Length > LargestBlock * 4 / 3)
                reason = $"a block is larger than {LargestBlock >> 10} KiB";
            if (blocks.Count > MostBlocks)
                reason = $"it has more than {MostBlocks} blocks";
            if (reason is not null)
                return [];
        }

        if (label is not null)
            reason = "it ends inside a block";
        else if (blocks.Count == 0)
            reason = content.IsEmpty ? "it is empty" : "it is not PEM";
        return reason is null ? blocks : [];
    }

    private static bool IsLabel(ReadOnlySpan<char> text) => text.Length <= LongestLabel && text.IndexOfAnyExcept(Label) < 0;

    private static byte[]? Decode(string text)
    {
        var data = new byte[text.Length];
        return Convert.TryFromBase64String(text, data, out var length) && length > 0 ? data[..length] : null;
    }
}
