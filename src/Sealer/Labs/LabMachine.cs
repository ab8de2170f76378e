using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Labs;

/// <summary>One host as processes: starting it, waiting for it, running something in it.</summary>
/// <param name="lab">The lab.</param>
/// <param name="host">The host.</param>
/// <param name="folder">Its folder.</param>
/// <param name="cgroups">The lab's.</param>
internal sealed class LabMachine(LabRecord lab, LabHostRecord host, string folder, LabCgroups cgroups)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan PatienceWithDead = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Its first process, as the machine numbers it; null where it is off.</summary>
    public int? Process =>
        int.TryParse(TryRead("pid"), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && cgroups.Holds(process, host.Name) ? process : null;

    /// <summary>What tells one start from the next.</summary>
    public string BootId => TryRead("boot_id");

    /// <exception cref="SealerException"><c>LabHostStopped</c>.</exception>
    public int RequireProcess() => Process ?? throw new SealerException(
        "LabHostStopped", ErrorKind.Conflict, $"The host '{host.Name}' is switched off. Remove the lab '{lab.Name}' and make it again.", host.Name);

    /// <summary>Switches it on; nobody waits for it, nor does it end with who did.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var script = Path.Combine(folder, "..", "scripts", LabScripts.Run);
        return LabTools.RequireAsync(
            "start a host", "sh",
            [
                "-c", "setsid nsenter --net=\"$1\" env -i PATH=\"$PATH\" sh \"$2\" \"$3\" </dev/null >>\"$3/console.log\" 2>&1 &",
                "sh", LabNetwork.PathOf(LabNames.Namespace(lab.Id, host.Number)), script, folder,
            ],
            "", cancellationToken);
    }

    /// <summary>Returns when it takes logins.</summary>
    /// <param name="before">The start that is not meant.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="SealerException"><c>LabHostNotUp</c>.</exception>
    public async Task WaitUntilUpAsync(string before, CancellationToken cancellationToken)
    {
        var begun = Environment.TickCount64;
        var alive = begun;
        while (!await IsUpAsync(before, cancellationToken).ConfigureAwait(false))
        {
            var now = Environment.TickCount64;
            if (Process is not null)
                alive = now;
            if (now - begun > Patience.TotalMilliseconds || now - alive > PatienceWithDead.TotalMilliseconds)
                throw await NotUpAsync().ConfigureAwait(false);
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a script in it as root, and returns what came of it.</summary>
    public async Task<HostCommandResult> RunAsync(string script, CancellationToken cancellationToken)
    {
        var process = RequireProcess().ToString(CultureInfo.InvariantCulture);
        // Into a group of the host's first: what stays running of it is found and ends with the host. And as the host itself without
        // the capability to set the clock, which is the machine's.
        var result = await LabTools.RunAsync(
            "sh",
            [
                "-c", "echo 0 > \"$1/cgroup.procs\"; exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time nsenter --target \"$2\" --mount --uts --ipc --net --pid --cgroup --root --wd sh -c \"$3\"",
                "sh", cgroups.GroupForCommands(host.Name), process, script,
            ],
            "", cancellationToken).ConfigureAwait(false);
        return result with { Host = host.Name };
    }

    private async Task<bool> IsUpAsync(string before, CancellationToken cancellationToken)
    {
        if (Process is not { } process || BootId is not { Length: > 0 } boot || boot == before)
            return false;
        try
        {
            // systemd says when logins are let in, and sshd must answer.
            var ready = Path.Combine($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/root/run/sealer-lab/ready");
            return File.Exists(ready) && File.ReadAllText(ready).Trim() == boot && (host.IsCutOff || await AnswersAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        // From the bridge, which is beside every host whatever the way there is like for others.
        using var socket = LabNetwork.SocketIn(LabNames.Bridge(lab.Id));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(host.InnerAddress ?? host.Address), 22, patience.Token).ConfigureAwait(false);
            var banner = new byte[4];
            return await socket.ReceiveAsync(banner, SocketFlags.None, patience.Token).ConfigureAwait(false) > 0
                && Encoding.ASCII.GetString(banner) == "SSH-";
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task<SealerException> NotUpAsync()
    {
        var words = TryRead("console.log");
        if (Process is not null)
        {
            var failed = await RunAsync("systemctl list-jobs --no-pager --plain; systemctl --failed --no-pager --plain", CancellationToken.None).ConfigureAwait(false);
            words += "\n" + failed.Output;
        }

        return new SealerException(
            "LabHostNotUp", ErrorKind.ResourceUnavailable,
            $"The host '{host.Name}' did not come up. See '{Path.Combine(folder, "console.log")}', and whether the machine has memory left. Its own words: {HostText.Shown(words.Length > 2000 ? words[^2000..] : words)}",
            host.Name);
    }

    private string TryRead(string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, name)).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
