namespace Sealer.Clusterfiles.Documents;

/// <summary>
/// Tells by a variable's name that its value is not to be shown. One too many costs a user nothing but <c>***</c> in a table;
/// one too few is a password in a log.
/// </summary>
internal static class SecretNames
{
    // Looked for anywhere, marks between words left out.
    private static readonly string[] Parts =
        ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "accesskey", "privatekey", "encryptionkey", "signingkey"];

    // Short ones that other words contain (BYPASS, COMPASS) only as whole words.
    private static readonly string[] Words = ["pass", "pwd", "pw"];

    public static bool Contains(string name)
    {
        var joined = string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        return Array.Exists(Parts, part => joined.Contains(part, StringComparison.Ordinal))
            || SplitWords(name).Any(word => Words.Contains(word, StringComparer.OrdinalIgnoreCase));
    }

    // DB_PASS, db.pass, dbPass.
    private static IEnumerable<string> SplitWords(string name)
    {
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            var ends = i == name.Length || !char.IsAsciiLetterOrDigit(name[i]);
            if (!ends && !(i > start && char.IsAsciiLetterUpper(name[i]) && char.IsAsciiLetterLower(name[i - 1])))
                continue;
            if (i > start)
                yield return name[start..i];
            start = ends ? i + 1 : i;
        }
    }
}
