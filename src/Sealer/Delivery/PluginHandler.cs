using System.Globalization;
using System.Text;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>
/// Runs plugins. The script goes to the host over standard input, since variables in it may be secret, and runs there on its
/// own: what it says goes to a file, and that it is done is written by the same command. So it comes to its end where the
/// connection breaks or the controller dies, and whoever goes on with the plan waits for it and does not run it twice.
/// </summary>
/// <param name="cluster">The cluster's name.</param>
/// <param name="scripts">The script of a step.</param>
internal sealed class PluginHandler(string cluster, Func<PlanStep, PluginScript?> scripts) : StepHandler
{
    private const int TimedOut = 124;
    private const int Killed = 137;
    private const int Told = 16 * 1024;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public override string Kind => PluginPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var script = ScriptOf(run);
        var record = $"{DeliveryPaths.Plugins(cluster)}/{script.Record}.done";
        var read = await run.Host.RunAsync(new HostCommand($"[ ! -e {record} ] || cat {record}") { Elevated = true, Timeout = Grace }, cancellationToken).ConfigureAwait(false);
        return script.WasRun(read.Require("say whether a plugin was run").Output.Trim());
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (PluginPayload)run.Step.Payload;
        var script = ScriptOf(run);
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(script.Text));
        var command = new HostCommand(Wrap(script, payload.TimeoutSeconds, input.Length))
        {
            Elevated = true,
            Input = input,
            // It is told to stop on the host itself; this is for a host that does not answer.
            Timeout = (2 * TimeSpan.FromSeconds(payload.TimeoutSeconds)) + Grace,
            MaxOutput = 4 * Told,
        };
        var result = await run.Host.RunAsync(command, cancellationToken).ConfigureAwait(false);
        run.Output = HostText.Shown(script.HideIn(result.Output.Trim()));
        if (result.Succeeded)
            return;
        var words = (run.Output.Length > 0 ? run.Output : HostText.Shown(script.HideIn(result.Error.Trim()))) is { Length: > 0 } said
            ? $"Its own words: {(said.Length > 2000 ? "... " + said[^2000..] : said)}"
            : "It said nothing.";
        throw result.ExitCode is TimedOut or Killed
            ? new SealerException(
                "PluginTimedOut", ErrorKind.ResourceUnavailable,
                $"The plugin {script.Name} ({script.Phase}) on {run.Host.Name} did not end within {payload.TimeoutSeconds} s and was stopped. See what it waits for, or allow more with Get-ClusterPlan -PluginTimeout. {words}", run.Host.Name)
            : new SealerException(
                "PluginFailed", ErrorKind.ResourceUnavailable,
                $"The plugin {script.Name} ({script.Phase}) failed on {run.Host.Name} (exit code {result.ExitCode}). Mend what it says and run the same again. {words}", run.Host.Name);
    }

    private PluginScript ScriptOf(StepRun run)
    {
        var payload = (PluginPayload)run.Step.Payload;
        if (scripts(run.Step) is { } script && script.Digest == payload.Digest && script.Record == payload.Record)
            return script;
        throw new SealerException(
            "PluginChanged", ErrorKind.Conflict,
            $"The plugin {payload.Name} ({payload.Phase}) is not what it was when the plan was made. Make a new plan with Get-ClusterPlan.", payload.Name);
    }

    // An earlier run of the same that is still on is waited for: it ends by itself, at the latest when its time is over. Of the
    // script, in which secrets may be, no file stands while it runs: one that is cut short by a restart leaves none.
    private string Wrap(PluginScript script, int timeout, long length)
    {
        var seconds = timeout.ToString(CultureInfo.InvariantCulture);
        return $$"""
            x=; trap : HUP PIPE; trap 'x=1' TERM
            umask 077
            d={{DeliveryPaths.Plugins(cluster)}}; r=$d/{{script.Record}}
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
