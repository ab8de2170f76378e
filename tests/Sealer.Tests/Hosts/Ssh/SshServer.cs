using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>Debian's sshd on a free port of loopback with its own keys, and a user of its own. Needs root.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    public const string UserPassword = "corr3ct-horse";

    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private SshServer(string user, int port, Process process, TemporaryFolder folder)
    {
        (User, Port, _process, _folder) = (user, port, process, folder);
        File.WriteAllText(KnownHostsFile, string.Concat(Types.Select(t => $"[127.0.0.1]:{port} {KeyText(t)}\n")));
    }

    public static IReadOnlyList<string> Types { get; } = ["ed25519", "rsa", "ecdsa"];

    public string User { get; }

    public int Port { get; }

    public string this[string name] => _folder[name];

    public string Home => _folder["home"];

    public string KnownHostsFile => _folder["known_hosts"];

    public string UserKey => _folder["user_key"];

    public string SudoersFile => $"/etc/sudoers.d/{User}";

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <param name="configuration">More lines for sshd_config.</param>
    /// <param name="shell">The user's login shell.</param>
    /// <param name="prepare">Something to be done once its keys are there.</param>
    public static async Task<SshServer> StartAsync(string configuration = "", string shell = "/bin/bash", Func<TemporaryFolder, Task>? prepare = null)
    {
        if (Environment.UserName != "root")
            throw new InvalidOperationException("The tests of SSH start a real sshd and make a user, and need root.");
        var folder = new TemporaryFolder();
        await Peer.RunAsync("chmod", "755", folder.Path);
        foreach (var type in Types)
            await Peer.RunAsync("ssh-keygen", "-q", "-t", type, "-N", "", "-f", folder[type]);
        await Peer.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of-the-test", "-f", folder["user_key"]);
        var user = "sealer" + Guid.NewGuid().ToString("N")[..8];
        await Peer.RunAsync("useradd", "--create-home", "--home-dir", folder["home"], "--shell", shell, user);
        // On no command line: other tests look at those for it.
        await File.WriteAllTextAsync(folder["passwords"], $"{user}:{UserPassword}\n");
        await Peer.RunAsync("sh", "-c", $"chpasswd < {folder["passwords"]}");
        File.Copy(folder["user_key.pub"], folder["authorized_keys"]);
        if (prepare is not null)
            await prepare(folder);
        Directory.CreateDirectory("/run/sshd");
        var port = FreePort();
        await File.WriteAllTextAsync(folder["sshd_config"], $"""
            Port {port}
            ListenAddress 127.0.0.1
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication yes
            KbdInteractiveAuthentication no
            AuthorizedKeysFile {folder["authorized_keys"]} .ssh/authorized_keys
            {string.Concat(Types.Select(t => $"HostKey {folder[t]}\n"))}
            {configuration.Replace("FOLDER", folder.Path, StringComparison.Ordinal)}

            """);
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(Peer.Require("sshd"), ["-D", "-e", "-f", folder["sshd_config"]]) { RedirectStandardError = true },
        };
        var server = new SshServer(user, port, process, folder);
        process.ErrorDataReceived += (_, line) => server.Note(line.Data);
        process.Start();
        process.BeginErrorReadLine();
        for (var attempt = 0; attempt < 200 && !server.Log.Contains("listening", StringComparison.Ordinal); attempt++)
            await Task.Delay(50);
        return server.Log.Contains("listening", StringComparison.Ordinal) ? server : throw new InvalidOperationException($"sshd did not start:\n{server.Log}");
    }

    public string KeyText(string type) => string.Join(' ', File.ReadAllText(_folder[type + ".pub"]).Split(' ').Take(2));

    public HostKeyCheck Keys(HostKeyPolicy policy = HostKeyPolicy.Ask, params string[] fingerprints) =>
        new(KnownHosts.Load([KnownHostsFile], []), policy, fingerprints);

    public SshHostOptions Options => new()
    {
        Address = "127.0.0.1",
        Name = "server",
        Port = Port,
        User = User,
        KeyFiles = [UserKey],
        HostKeys = Keys(),
    };

    public SshHost Host(Func<SshHostOptions, SshHostOptions>? change = null) => new(change?.Invoke(Options) ?? Options);

    public async Task AllowSudoAsync(string rules)
    {
        await File.WriteAllTextAsync(SudoersFile, rules.Replace("USER", User, StringComparison.Ordinal) + "\n");
        await Peer.RunAsync("chmod", "440", SudoersFile);
    }

    /// <summary>As when the machine goes: the listener and all its sessions at once.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>As when its connections break off: all sessions end, the listener stays.</summary>
    public async Task CutAsync() => await Peer.RunAsync("sh", "-c", $"for p in $(ps -o pid= --ppid {_process.Id}); do kill -KILL $(ps -o pid= --ppid $p) $p; done");

    /// <summary>As when the link is cut: nobody answers, and nobody says goodbye.</summary>
    public async Task FreezeAsync() => await Peer.RunAsync("sh", "-c", $"for p in $(ps -o pid= --ppid {_process.Id}); do kill -STOP $p $(ps -o pid= --ppid $p); done");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(SudoersFile);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            try
            {
                await Peer.RunAsync("userdel", "--force", User);
                break;
            }
            catch (InvalidOperationException) when (attempt < 19)
            {
                await Task.Delay(200);
            }
        }

        _folder.Dispose();
    }

    internal static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    private void Note(string? line)
    {
        lock (_log)
            _log.AppendLine(CultureInfo.InvariantCulture, $"{line}");
    }
}
