using System.Net;
using Sealer.Hosts;

namespace Sealer.Labs;

/// <summary>
/// A host of a lab: like a machine in a rack, with an address, systemd and sshd of its own, and with what can happen to one.
/// Its properties are called as parameters are that take hosts, so that it can be piped to them.
/// </summary>
public sealed class LabHost
{
    private readonly ClusterLab _lab;
    private readonly int _number;

    internal LabHost(ClusterLab lab, LabHostRecord record, IPAddress address, string user, LabHost? jump, Secret? password)
    {
        (_lab, _number) = (lab, record.Number);
        Name = record.Name;
        Address = address;
        User = user;
        ProxyJump = jump is null ? null : $"{user}@{jump.Address}";
        JumpHostKeyFingerprint = jump?.HostKeyFingerprint;
        HostKeyFingerprint = record.HostKeyFingerprint;
        Password = password;
    }

    /// <summary>The lab's name.</summary>
    public string Lab => _lab.Name;

    /// <summary>Its host name: the lab's, and its number.</summary>
    public string Name { get; }

    /// <summary>Where sshd listens.</summary>
    public IPAddress Address { get; }

    /// <summary>The port of sshd.</summary>
    public int Port => 22;

    /// <summary>Who logs in.</summary>
    public string User { get; }

    /// <summary>The file of the private key that logs in, readable by its owner only.</summary>
    public string KeyPath => _lab.KeyPath;

    /// <summary>The password that logs in as well; null where the lab is not whole.</summary>
    public Secret? Password { get; }

    /// <summary>What sudo asks for; null for root.</summary>
    public Secret? SudoPassword => User == "root" ? null : Password;

    /// <summary>The fingerprint of the host key, as <c>SHA256:...</c>.</summary>
    public string HostKeyFingerprint { get; }

    /// <summary>A file in the form of known_hosts with the host keys of the whole lab, for ssh itself.</summary>
    public string KnownHostsPath => _lab.KnownHostsPath;

    /// <summary>Through whom it is reached, as <c>root@10.77.0.129</c>; null where it is reached directly.</summary>
    public string? ProxyJump { get; }

    /// <summary>The fingerprint of that one's host key.</summary>
    public string? JumpHostKeyFingerprint { get; }

    /// <summary>The name of its network namespace, for <c>ip netns exec</c>.</summary>
    public string NetworkNamespace => LabNames.Namespace(_lab.Id, _number);

    /// <summary>The conditions of its link.</summary>
    public LinkConditions Link => Record.Link.ToConditions();

    /// <summary>How it is right now.</summary>
    public LabHostState State => _lab.StateOf(Record);

    /// <summary>Its folder of the lab's: what it writes is in <c>upper</c> and <c>data</c>.</summary>
    internal string Folder => Path.Combine(_lab.Folder, Name);

    private LabHostRecord Record => _lab.RecordOf(_number);

    /// <summary>Pulls its cable: it goes on, and nobody reaches it.</summary>
    /// <exception cref="SealerException"><c>LabNotReady</c>, <c>LabStepFailed</c>.</exception>
    public Task CutOffAsync(CancellationToken cancellationToken = default) => _lab.PlugAsync(_number, false, cancellationToken);

    /// <summary>Plugs its cable in again.</summary>
    /// <exception cref="SealerException"><c>LabNotReady</c>, <c>LabStepFailed</c>.</exception>
    public Task ReconnectAsync(CancellationToken cancellationToken = default) => _lab.PlugAsync(_number, true, cancellationToken);

    /// <summary>Restarts it as its own <c>reboot</c> does; returns when logins are taken again. It keeps its files.</summary>
    /// <exception cref="SealerException"><c>LabHostStopped</c>, <c>LabHostNotUp</c>.</exception>
    public Task RebootAsync(CancellationToken cancellationToken = default) => _lab.RebootAsync(_number, cancellationToken);

    /// <summary>Switches it off, as by its plug: nothing in it gets to say a word. It keeps its files.</summary>
    public Task KillAsync(CancellationToken cancellationToken = default) => _lab.KillAsync(_number, cancellationToken);

    /// <summary>Switches it on again; returns when logins are taken.</summary>
    /// <exception cref="SealerException"><c>LabHostNotUp</c>.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) => _lab.StartAsync(_number, cancellationToken);

    /// <summary>Changes what its link is like.</summary>
    /// <exception cref="SealerException"><c>LabLinkInvalid</c>, <c>LabLinkNotSupported</c>.</exception>
    public Task SetLinkAsync(LinkConditions link, CancellationToken cancellationToken = default) => _lab.SetLinkAsync(this, link, cancellationToken);

    /// <summary>
    /// Puts a file system of its own on one of its folders, so small that it can be filled. What lay there is hidden until it is
    /// taken away again by <c>umount</c>, or by a reboot.
    /// </summary>
    /// <param name="folder">Absolute; made where it is missing.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>, <c>LabHostStopped</c>.</exception>
    public async Task LimitDiskAsync(string folder, long size, CancellationToken cancellationToken = default)
    {
        var quoted = ShellText.Quote(folder);
        var result = await RunAsync(
            $"mkdir -p {quoted} && mount -t tmpfs -o size={size.ToString(System.Globalization.CultureInfo.InvariantCulture)} sealer-lab {quoted}", cancellationToken).ConfigureAwait(false);
        result.Require($"put a small file system on {folder}");
    }

    /// <summary>
    /// Runs a script of <c>sh</c> in it as root, not over its network but as at its own keyboard: for what a test breaks there,
    /// or looks at while sshd does not answer. Secrets do not belong into it.
    /// </summary>
    /// <exception cref="SealerException"><c>LabHostStopped</c>.</exception>
    public Task<HostCommandResult> RunAsync(string script, CancellationToken cancellationToken = default) => _lab.RunInAsync(this, script, cancellationToken);

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
