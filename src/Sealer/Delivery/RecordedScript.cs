using System.Globalization;
using System.Text;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>
/// Runs a script so that it comes to its end where the connection breaks or the controller dies, and whoever goes on with the plan
/// waits for it and does not run it twice: it goes over standard input, since it may hold secrets, what it says goes to a file, and
/// that it is done is written by the same command.
/// </summary>
internal static class RecordedScript
{
    /// <summary>Exit codes of one that was stopped because its time was over.</summary>
    public const int TimedOut = 124;

    /// <inheritdoc cref="TimedOut"/>
    public const int Killed = 137;

    private const int Told = 16 * 1024;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>True where exactly this script was run.</summary>
    /// <param name="host">The host.</param>
    /// <param name="folder">Where it keeps what was run.</param>
    /// <param name="script">The script.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<bool> WasRunAsync(IHost host, string folder, PluginScript script, CancellationToken cancellationToken)
    {
        var record = $"{folder}/{script.Record}.done";
        var read = await host.RunAsync(new HostCommand($"[ ! -e {record} ] || cat {record}") { Elevated = true, Timeout = Grace }, cancellationToken).ConfigureAwait(false);
        return script.WasRun(read.Require("say whether a script was run").Output.Trim());
    }

    /// <summary>Runs it, or waits for the one that runs.</summary>
    /// <param name="run">Its step; gets what the script said.</param>
    /// <param name="folder">Where the host keeps what was run.</param>
    /// <param name="script">The script.</param>
    /// <param name="timeout">Seconds, after which it is stopped.</param>
    /// <param name="cancellationToken">Ends the waiting, not the script.</param>
    /// <returns>Its exit code, and its own words, of one sentence or more.</returns>
    public static async Task<(int ExitCode, string Words)> RunAsync(StepRun run, string folder, PluginScript script, int timeout, CancellationToken cancellationToken)
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(script.Text));
        var command = new HostCommand(Wrap(folder, script, timeout, input.Length))
        {
            Elevated = true,
            Input = input,
            // It is told to stop on the host itself; this is for a host that does not answer.
            Timeout = (2 * TimeSpan.FromSeconds(timeout)) + Grace,
            MaxOutput = 4 * Told,
        };
        var result = await run.Host.RunAsync(command, cancellationToken).ConfigureAwait(false);
        run.Output = HostText.Shown(script.HideIn(result.Output.Trim()));
        var said = run.Output.Length > 0 ? run.Output : HostText.Shown(script.HideIn(result.Error.Trim()));
        return (result.ExitCode, said.Length == 0 ? "It said nothing." : $"Its own words: {(said.Length > 2000 ? "... " + said[^2000..] : said)}");
    }

    // An earlier run of the same that is still on is waited for: it ends by itself, at the latest when its time is over. Of the
    // script, in which secrets may be, no file stands while it runs: one that is cut short by a restart leaves none.
    private static string Wrap(string folder, PluginScript script, int timeout, long length)
    {
        var seconds = timeout.ToString(CultureInfo.InvariantCulture);
        return $$"""
            x=; trap : HUP PIPE; trap 'x=1' TERM
            umask 077
            d={{folder}}; r=$d/{{script.Record}}
            (umask 022; mkdir -p "${d%/*}") && mkdir -p $d || exit 1
            start() { s=$(cat /proc/$1/stat 2>/dev/null) || return; s=${s##*) }; set -- $s; shift 19; echo "$1"; }
            f=$r.$$.sh; rm -f $r.*.sh
            cat > $f && [ "$(wc -c < $f)" -eq {{length.ToString(CultureInfo.InvariantCulture)}} ] || { rm -f $f; echo 'the script did not arrive' >&2; exit 1; }
            exec 3< $f || exit 1
            rm -f $f; f=/proc/self/fd/3
            p=; t=; [ -e $r.run ] && read p t < $r.run
            while [ -n "$t" ] && [ "$(start $p)" = "$t" ]; do [ -z "$x" ] || exit 143; sleep 1; done
            if [ -e $r.done ]; then
                read salt sum < $r.done
                if [ "sha256:$( { echo "$salt"; cat $f; } | sha256sum)" = "$sum  -" ]; then cat $r.log 2>/dev/null; exit 0; fi
            fi
            rm -f $r.log
            echo "$$ $(start $$)" > $r.run
            s=bash; command -v bash >/dev/null 2>&1 || s=sh
            c=0; timeout -k 10 {{seconds}} $s $f > $r.log 2>&1 < /dev/null || c=$?
            tail -c {{Told}} $r.log > $r.tail && mv -f $r.tail $r.log
            if [ $c = 0 ]; then
                echo '{{script.NewRecord()}}' > $r.new && { sync $r.new 2>/dev/null || sync; } && mv -f $r.new $r.done || c=1
            fi
            rm -f $r.run
            cat $r.log
            exit $c
            """;
    }
}
