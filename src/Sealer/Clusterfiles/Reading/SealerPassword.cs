using System.Security.Cryptography;
using System.Text;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Reads the passwords that sealer 0.8 wrote with <c>encrypted: true</c>. The key is the same for everybody and stands in
/// sealer's source: this hides a password from a glance and from nothing else, so Sealer never writes it.
/// </summary>
internal static class SealerPassword
{
    private const int BlockSize = 16;

    private static readonly byte[] Key = Convert.FromBase64String("ZU9WbzRMVXRQZ2pzTGowR2hNWUpIZjRkWld4aWVRWko=");

    /// <summary>The password; null where the text is not one of sealer's.</summary>
    public static string? TryDecrypt(string text)
    {
        var cipher = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, cipher, out var length) || length == 0 || length % BlockSize != 0)
            return null;
        using var aes = Aes.Create();
        aes.Key = Key;
        try
        {
            var plain = aes.DecryptCbc(cipher.AsSpan(0, length), Key.AsSpan(0, BlockSize), PaddingMode.PKCS7);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(plain);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
