using System.Text;

namespace Sealer.Hosts;

/// <summary>Text for shells.</summary>
public static class ShellText
{
    // What the login shells (sh, bash, csh, tcsh, fish, zsh) leave alone between single quotes, and printf in its format.
    private const string Plain = " _./=:,+@^~-*?#&;|<>()[]{}";

    /// <summary>A word that a POSIX shell takes as it is.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or ':' or ',' or '+' or '@')
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>
    /// One line that makes any login shell run a script with a POSIX <c>sh</c>: it holds no character that those understand
    /// differently, not even a line break.
    /// </summary>
    internal static string ForAnyShell(string script)
    {
        var text = new StringBuilder("exec /bin/sh -c 'eval \"$(printf \"", script.Length + 64);
        foreach (var b in Encoding.UTF8.GetBytes(script))
        {
            if (b < 128 && (char.IsAsciiLetterOrDigit((char)b) || Plain.Contains((char)b, StringComparison.Ordinal)))
                text.Append((char)b);
            else
                text.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
        }

        return text.Append("\")\"'").ToString();
    }

    /// <summary>True for a name that may be a variable's.</summary>
    public static bool IsVariable(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>A number as shells write it.</summary>
    internal static string Octal(int mode) => Convert.ToString(mode, 8).PadLeft(4, '0');
}
