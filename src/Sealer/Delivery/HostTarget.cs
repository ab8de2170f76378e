using Sealer.Clusterfiles.Documents;

namespace Sealer.Delivery;

/// <summary>A host to be reached, and what is known of the way there. What is null is for ssh_config and its defaults to say.</summary>
/// <param name="Address">A name or an address; of ssh_config an alias.</param>
public sealed record HostTarget(string Address)
{
    /// <summary>How it is called in tables, progress and errors; null means <see cref="Address"/>.</summary>
    public string? Name { get; init; }

    /// <summary>Its roles in the cluster, as <c>master</c> and <c>node</c>.</summary>
    public IReadOnlyList<string> Roles { get; init => field = Listed.Of(value); } = [];

    /// <summary>Who logs in.</summary>
    public string? User { get; init; }

    /// <summary>Port of sshd.</summary>
    public int? Port { get; init; }

    /// <summary>The user's password.</summary>
    public Secret? Password { get; init; }

    /// <summary>Path of a private key here; <c>~</c> is the home folder.</summary>
    public string? KeyFile { get; init; }

    /// <summary>What the private key is protected with.</summary>
    public Secret? KeyPassphrase { get; init; }

    /// <summary>What sudo asks for, where that is not <see cref="Password"/>.</summary>
    public Secret? SudoPassword { get; init; }

    /// <summary>Hosts to go through: <c>[user@]host[:port][,...]</c>, or <c>none</c>.</summary>
    public string? ProxyJump { get; init; }

    /// <summary>Fingerprints of its keys that somebody vouches for.</summary>
    public IReadOnlyList<string> HostKeyFingerprints { get; init => field = Listed.Of(value); } = [];

    /// <summary>Fingerprints of the keys of the hosts on the way, of which each has to show one.</summary>
    public IReadOnlyList<string> JumpHostKeyFingerprints { get; init => field = Listed.Of(value); } = [];

    /// <summary>It is a host of a lab of this machine, and no machine of its own.</summary>
    public bool IsOfLab { get; init; }

    internal string Called => Name ?? Address;

    /// <summary>A host of a Clusterfile, where user and port are always said: <c>root</c> and 22 where nothing is.</summary>
    public static HostTarget Of(HostSpec host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new HostTarget(host.Address.ToString())
        {
            Roles = host.Roles,
            User = host.Ssh.User,
            Port = host.Ssh.Port,
            Password = host.Ssh.Password,
            KeyFile = host.Ssh.PrivateKeyPath,
            KeyPassphrase = host.Ssh.PrivateKeyPassphrase,
            SudoPassword = host.Ssh.SudoPassword,
            ProxyJump = host.Ssh.ProxyJump,
            HostKeyFingerprints = host.Ssh.HostKeyFingerprints,
            JumpHostKeyFingerprints = host.Ssh.JumpHostKeyFingerprints,
        };
    }
}
