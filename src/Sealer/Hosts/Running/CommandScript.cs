using System.Text;

namespace Sealer.Hosts.Running;

/// <summary>
/// A command as text for a POSIX sh. It writes a line that nobody can guess to both outputs when the command itself begins:
/// what start files and sudo said before is told apart by it, and nothing of the command's input is sent before.
/// </summary>
internal static class CommandScript
{
    public const int NoSudo = 97;
    public const int NoTerminal = 98;

    /// <summary>Said before sudo is asked: where it is missing, the user's shell has not come so far.</summary>
    public const string AsksSudo = "sealer-asks-sudo";

    /// <summary>
    /// Ends what is left of a command that was stopped: reads its mark, finds the processes that have it, asks their groups to end,
    /// and after a few seconds makes them. Its own group, which on this machine is ours, is left alone.
    /// </summary>
    public const string End = """
        IFS= read -r m || exit 0
        group() { s=; IFS= read -r s 2>/dev/null </proc/$1/stat; set -- ${s##*) }; g=$3; }
        # The first form is dash's, the second busybox's.
        to() { kill -s $1 -- $2 2>/dev/null || kill -$1 $2 2>/dev/null; }
        group $$; own=$g; k=
        for f in $(printf '%s\n' "$m" | grep -slFf - /proc/[0-9]*/environ /proc/[0-9]*/cmdline); do
            p=${f#/proc/}; p=${p%%/*}; group $p
            case $g in '') continue;; $own) t=$p;; *) t=-$g;; esac
            case " $k " in *" $t "*) ;; *) k="$k $t";; esac
        done
        [ -n "$k" ] || exit 0
        for t in $k; do to TERM $t; done
        for i in 1 2 3; do
            a=; for t in $k; do to 0 $t && a=1; done
            [ -n "$a" ] || exit 0
            sleep 1
        done
        for t in $k; do to KILL $t; done
        exit 0
        """;

    public static string Build(HostCommand command, string mark, bool withPassword)
    {
        if (command.Script.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("A script holds no NUL.", nameof(command));
        var inner = Inner(command, mark);
        return command.Elevated ? Elevated(inner, withPassword) : inner;
    }

    private static string Inner(HostCommand command, string mark)
    {
        // Messages in the words that programs look for, whatever the user's locale.
        var text = new StringBuilder("LC_ALL=C; export LC_ALL\n");
        // By this all that it starts is found, should it have to be ended.
        if (!command.IsEnding)
            text.Append($"SEALER_COMMAND={mark}; export SEALER_COMMAND\n");
        text.Append($"printf '\\n%s\\n' {mark}; printf '\\n%s\\n' {mark} >&2\n");
        foreach (var name in command.Secrets.Keys)
            text.Append($"IFS= read -r {Variable(name)}; export {name}\n");
        foreach (var (name, value) in command.Variables)
            text.Append($"{Variable(name)}={ShellText.Quote(value)}; export {name}\n");
        return text.Append(command.Script).ToString();
    }

    private static string Variable(string name) => ShellText.IsVariable(name)
        ? name
        : throw new ArgumentException($"'{name}' cannot be a variable's name.", nameof(name));

    /// <remarks>
    /// The password is the first line of the input. Where sudo does not ask for it, it is read and dropped, so that the command
    /// never sees it; where it does, an old answer of sudo's is not taken (-k), so that it surely reads it. Where sudo insists on
    /// a terminal (requiretty) script(1) gives it one to look at, while input and outputs stay what they are.
    /// </remarks>
    private static string Elevated(string inner, bool withPassword)
    {
        var drop = withPassword ? "IFS= read -r p; unset p; " : "";
        var ask = withPassword ? "sudo -k -S -p ''" : "sudo -n";
        return $$"""
            LC_ALL=C; export LC_ALL
            echo {{AsksSudo}} >&2
            c={{ShellText.Quote(inner)}}
            if [ "$(id -u)" = 0 ]; then {{drop}}exec /bin/sh -c "$c"; fi
            command -v sudo >/dev/null 2>&1 || exit {{NoSudo}}
            n=; t=
            e=$(sudo -n /bin/sh -c : 2>&1 </dev/null) && n=1
            case $e in *'have a tty'*|*'no tty'*)
                command -v script >/dev/null 2>&1 || exit {{NoTerminal}}
                SHELL=/bin/sh; export SHELL c; t=1
                # One of two hundred sudos (1.9.13 with use_pty) that have the terminal as their input and outputs never ends.
                script -qec 'sudo -n /bin/sh -c : </dev/null >/dev/null 2>&1' /dev/null </dev/null >/dev/null 2>&1 && n=1;;
            esac
            if [ -n "$n" ]; then {{drop}}[ -n "$t" ] || exec sudo -n /bin/sh -c "$c"
            elif [ -z "$t" ]; then exec {{ask}} /bin/sh -c "$c"; fi
            exec 3<&0 4>&1 5>&2
            if [ -n "$n" ]; then s='sudo -n'; else s="{{ask}}"; fi
            exec script -qec "$s"' /bin/sh -c "$c" <&3 >&4 2>&5 3<&- 4>&- 5>&-' /dev/null </dev/null >/dev/null 2>&1
            """.Replace("\r", "", StringComparison.Ordinal);
    }
}
