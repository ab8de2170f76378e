using System.Globalization;
using Sealer.Hosts;
using Sealer.Hosts.Running;

namespace Sealer.Delivery;

/// <summary>
/// A host that does what it is told only while nobody with a newer claim on the cluster has been there. The question is asked
/// on the host itself, in the same command as the work, so that a controller that was asleep or cut off cannot act on what it
/// believed before.
/// </summary>
/// <remarks>
/// Claims are files named TOKEN-HOLDER, in which stands who made them and when. One makes its own first and then looks for others: whichever way two meet, at most one
/// goes on. Two holders of the same token (each taken on another host, when the network was cut in two) refuse each other.
/// </remarks>
/// <param name="inner">The host.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="token">The claim's number.</param>
/// <param name="holder">The claim's holder: letters and digits.</param>
/// <param name="process">Who that is.</param>
/// <param name="refused">Told when the host refuses: by whom, in words. What is told is over before the refusal is thrown.</param>
internal sealed class FencedHost(
    IHost inner, string cluster, long token, string holder, ControllerProcess? process = null, Func<string, Task>? refused = null) : IHost
{
    private const int Refused = 96;
    private const int NotClaimed = 95;
    private const string RefusedMark = "sealer-fenced";

    private readonly string _prefix = Prefix(cluster, token, holder, process?.ToString() ?? "");

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <summary>The host itself.</summary>
    public IHost Inner => inner;

    /// <inheritdoc/>
    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var must = command.Elevated ? "1" : "";
        var result = await inner.RunAsync(command with { Script = $"e={must}\n{_prefix}\n{command.Script}" }, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode is not (NotClaimed or Refused) || !result.Error.Contains(RefusedMark, StringComparison.Ordinal))
            return result;
        if (result.ExitCode == NotClaimed)
        {
            throw new SealerException(
                "HostStateNotWritable", ErrorKind.ResourceUnavailable,
                $"{Name} cannot write to {DeliveryPaths.State(cluster)}. Look whether its disk is full or read-only: {HostText.Shown(result.Error.Trim())}", Name);
        }

        var who = Who(result.Error);
        if (refused is not null)
            await refused(who).ConfigureAwait(false);
        throw new SealerException(
            "ClusterLockLost", ErrorKind.Conflict,
            $"{Name} refuses: {who} has taken over the cluster {cluster} and has been there already. Nothing more is done here. See there what it does, then make a new plan.", Name);
    }

    /// <inheritdoc/>
    public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) =>
        HostPut.RunAsync(this, content, path, options ?? new HostFileOptions(), cancellationToken);

    /// <inheritdoc/>
    public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) =>
        inner.GetAsync(path, target, options, cancellationToken);

    /// <summary>Makes the claim, or finds out that there is a newer one.</summary>
    public async Task ClaimAsync(CancellationToken cancellationToken) =>
        (await RunAsync(new HostCommand(":") { Elevated = true }, cancellationToken).ConfigureAwait(false)).Require("answer");

    /// <summary>Nothing: the host is somebody else's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // MARK TOKEN-HOLDER SINCE NAME MACHINE ID STARTED
    private static string Who(string error)
    {
        var words = error[error.IndexOf(RefusedMark, StringComparison.Ordinal)..].Split('\n')[0].Trim().Split(' ');
        return words.Length == 7 && LockOwner.Of(words[1].Split('-')[0], "0", words[2], words[3..]) is { } owner ? owner.ToString() : "another controller";
    }

    // Who is not root may look, and leaves the claim to commands that are.
    private static string Prefix(string cluster, long token, string holder, string process)
    {
        var number = token.ToString(CultureInfo.InvariantCulture);
        return $$"""
            d={{DeliveryPaths.Fence(cluster)}}; m={{number}}-{{holder}}
            [ -e "$d/$m" ] || c=$( (umask 022; mkdir -p "$d" && echo "$(date +%s) "{{ShellText.Quote(process)}} > "$d/$m") 2>&1 ) || [ -z "$e" ] || { echo "{{RefusedMark}}: $c" >&2; exit {{NotClaimed}}; }
            for f in "$d"/*; do f=${f##*/}; n=${f%%-*}
                case $n in ''|*[!0-9]*) continue;; esac
                if [ "$n" -gt {{number}} ]; then read c < "$d/$f"; echo "{{RefusedMark}} $f $c" >&2; exit {{Refused}}; fi
                if [ "$n" -lt {{number}} ]; then rm -f "$d/$f" 2>/dev/null
                elif [ "$f" != "$m" ]; then rm -f "$d/$m" 2>/dev/null; read c < "$d/$f"; echo "{{RefusedMark}} $f $c" >&2; exit {{Refused}}; fi
            done
            unset d m e f n c
            """;
    }
}
