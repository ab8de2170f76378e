using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Transfer;

/// <summary>
/// The throw-away key of one run, by which hosts fetch from each other. The private half goes to the hosts that fetch, over
/// their command's input; the public half lets in who has it for one forced command, from one address, for a day.
/// </summary>
internal sealed class RunKey : IDisposable
{
    private const string Curve = "nistp256";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] PrivateFile => Encoding.ASCII.GetBytes(_key.ExportECPrivateKeyPem() + "\n");

    public string PublicText
    {
        get
        {
            var q = _key.ExportParameters(includePrivateParameters: false).Q;
            byte[] point = [4, .. q.X!, .. q.Y!];
            byte[] blob = [.. Field("ecdsa-sha2-" + Curve), .. Field(Curve), .. Sized(point)];
            return $"ecdsa-sha2-{Curve} {Convert.ToBase64String(blob)}";
        }
    }

    public void Dispose() => _key.Dispose();

    /// <summary>What tells the lines of deliveries to one folder from those of others.</summary>
    public static string MarkOf(ContentTarget target) =>
        "sealer-transfer-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(target.State)))[..16].ToLowerInvariant();

    /// <summary>Writes the line, as the login's user; those of earlier runs go.</summary>
    public string Allow(ContentTarget target, IEnumerable<string> sources)
    {
        var command = $"exec /bin/sh {ShellText.Quote(target.State + "/share/serve")}".Replace("\"", "\\\"", StringComparison.Ordinal);
        var lines = $"restrict,command=\"{command}\",from=\"{string.Join(',', sources)}\",expiry-time=\"@UNTIL@\" {PublicText} {MarkOf(target)}@FLAGS@\n";
        return Functions(target) + $$"""
            clean
            l={{ShellText.Quote(lines)}}
            u=$(date -d "@$(($(date +%s) + 86400))" +%Y%m%d%H%M) || exit 1
            m=
            [ -d "$d" ] || { mkdir -m 700 "$d" || exit 1; m=d; }
            [ -e "$f" ] || { (umask 077; : > "$f") || exit 1; m=${m}f; }
            cp -p "$f" "$f.sealer-new" || exit 1
            { printf '%s' "$l" | sed "s/@UNTIL@/$u/; s/@FLAGS@/-made-$m/"; cat "$f"; } > "$f.sealer-new" && mv -f "$f.sealer-new" "$f"
            """.Replace("\r", "", StringComparison.Ordinal);
    }

    /// <summary>Takes all lines of deliveries to a folder away, as the login's user, and what was made for them.</summary>
    public static string Forbid(ContentTarget target) => Functions(target) + "clean\n";

    // sed leaves the end of a last line as it is, which grep does not.
    private static string Functions(ContentTarget target) => $$"""
        umask 077
        d=$HOME/.ssh; f=$d/authorized_keys
        [ ! -L "$f" ] || f=$(readlink -f "$f")
        clean() {
            rm -f "$f.sealer-new"
            o=$(grep -m 1 ' {{MarkOf(target)}}-made-' "$f" 2>/dev/null) || return 0
            o=${o##*-made-}
            cp -p "$f" "$f.sealer-new" && sed '/ {{MarkOf(target)}}-made-[df]*$/d' "$f" > "$f.sealer-new" || exit 1
            touch -r "$f" "$f.sealer-new"
            case $o in *f) if [ ! -s "$f.sealer-new" ]; then rm -f "$f" "$f.sealer-new"; fi;; esac
            [ ! -e "$f.sealer-new" ] || mv -f "$f.sealer-new" "$f"
            case $o in d*) rmdir "$d" 2>/dev/null || :;; esac
        }

        """.Replace("\r", "", StringComparison.Ordinal);

    private static byte[] Field(string text) => Sized(Encoding.ASCII.GetBytes(text));

    private static byte[] Sized(byte[] bytes)
    {
        var field = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, bytes.Length);
        bytes.CopyTo(field, 4);
        return field;
    }
}
