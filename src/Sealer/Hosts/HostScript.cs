using System.Text;

namespace Sealer.Hosts;

/// <summary>
/// A script of this machine that is run on a host: it travels over the command's input, lies in a folder of its own there that only
/// its user can read, is run by the interpreter that its first line names, and is removed, also where it is stopped.
/// </summary>
public static class HostScript
{
    private const int MaxSize = 64 * 1024 * 1024;

    /// <summary>The command that runs it. Its input is spoken for.</summary>
    /// <param name="name">How it is called there; also what it sees as <c>$0</c>, with its folder.</param>
    /// <param name="content">The script; line ends of Windows become those of Unix.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="SealerException"><c>ScriptTooLarge</c>.</exception>
    public static HostCommand Command(string name, ReadOnlySpan<byte> content, params IReadOnlyList<string> arguments)
    {
        if (content.Length > MaxSize)
            throw new SealerException("ScriptTooLarge", ErrorKind.InvalidInput, $"The script '{name}' has more than {MaxSize >> 20} MiB. Copy it to the hosts and run it there.", name);
        var text = UnixText(content);
        var file = "\"$d\"/" + ShellText.Quote(name);
        var words = string.Join(' ', Interpreter(text).Select(ShellText.Quote));
        var given = string.Concat(arguments.Select(a => " " + ShellText.Quote(a)));
        // Not the script's own permission to be executed, which a noexec /tmp would take: its interpreter reads it.
        var script = $"""
            umask 077
            d=$(mktemp -d "${"{TMPDIR:-/tmp}"}/sealer-XXXXXXXXXX") || exit 1
            trap 'rm -rf "$d"' EXIT
            trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
            cat > {file} || exit 1
            {words} {file}{given} </dev/null
            """;
        return new HostCommand(script.Replace("\r", "", StringComparison.Ordinal)) { Input = new MemoryStream(text) };
    }

    private static byte[] UnixText(ReadOnlySpan<byte> content)
    {
        // A mark at the beginning would hide the interpreter's line.
        if (content.StartsWith(Encoding.UTF8.Preamble))
            content = content[Encoding.UTF8.Preamble.Length..];
        var text = new byte[content.Length];
        var length = 0;
        for (var i = 0; i < content.Length; i++)
        {
            if (content[i] != '\r' || i + 1 >= content.Length || content[i + 1] != '\n')
                text[length++] = content[i];
        }

        return text[..length];
    }

    private static string[] Interpreter(byte[] text)
    {
        if (!text.AsSpan().StartsWith("#!"u8))
            return ["/bin/sh"];
        var end = Array.IndexOf(text, (byte)'\n');
        var line = Encoding.UTF8.GetString(text, 2, (end < 0 ? text.Length : end) - 2).Trim();
        // As Linux does: the interpreter, and all that follows as one argument.
        var words = line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length == 0 ? ["/bin/sh"] : words;
    }
}
