using Sealer.Hosts.Configuration;

namespace Sealer.Delivery;

/// <summary>How hosts are reached: what is given here wins over what a Clusterfile says of them, and that over ssh_config.</summary>
public sealed record HostAccess
{
    /// <summary>How many hosts are worked on at once unless told otherwise.</summary>
    public const int DefaultThrottleLimit = 16;

    /// <summary>Who logs in; null: as the Clusterfile or ssh_config says.</summary>
    public string? User { get; init; }

    /// <summary>The user's password.</summary>
    public Secret? Password { get; init; }

    /// <summary>Path of a private key here; <c>~</c> is the home folder.</summary>
    public string? KeyFile { get; init; }

    /// <summary>What private keys are protected with.</summary>
    public Secret? KeyPassphrase { get; init; }

    /// <summary>What sudo asks for; null: the user's password, where one is known.</summary>
    public Secret? SudoPassword { get; init; }

    /// <summary>Port of sshd.</summary>
    public int? Port { get; init; }

    /// <summary>Hosts to go through: <c>[user@]host[:port][,...]</c>, or <c>none</c>.</summary>
    public string? ProxyJump { get; init; }

    /// <summary>What becomes of hosts whose key is not known; null: as ssh_config's StrictHostKeyChecking says.</summary>
    public HostKeyPolicy? HostKeys { get; init; }

    /// <summary>Fingerprints (<c>SHA256:...</c>) that somebody vouches for: a host must show one of them, and it is written to known_hosts.</summary>
    public IReadOnlyList<string> HostKeyFingerprints { get; init; } = [];

    /// <summary>A file to be read instead of the user's and the machine's ssh_config; <c>none</c> for none at all.</summary>
    public string? SshConfigFile { get; init; }

    /// <summary>A host whose address is one of this machine's is worked on directly, without SSH.</summary>
    public bool LocalDirectly { get; init; }

    /// <summary>How many hosts are worked on at once.</summary>
    public int ThrottleLimit { get; init; } = DefaultThrottleLimit;

    /// <summary>How long connecting to one host may take; null: as ssh_config says, or 15 seconds.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>A host with what is given here laid over what is said of it. sudo's password is the login's, unless there is another.</summary>
    internal HostTarget Over(HostTarget target) => target with
    {
        User = User ?? target.User,
        Port = Port ?? target.Port,
        Password = Password ?? target.Password,
        KeyFile = KeyFile ?? target.KeyFile,
        KeyPassphrase = KeyPassphrase ?? (KeyFile is null ? target.KeyPassphrase : IfRead(target.KeyPassphrase)),
        SudoPassword = SudoPassword ?? (Password is null ? target.SudoPassword : IfRead(target.SudoPassword)) ?? Password ?? target.Password,
        ProxyJump = ProxyJump ?? target.ProxyJump,
        HostKeyFingerprints = HostKeyFingerprints.Count > 0 ? HostKeyFingerprints : target.HostKeyFingerprints,
        JumpHostKeyFingerprints = ProxyJump is null ? target.JumpHostKeyFingerprints : [],
    };

    /// <summary>What is given here laid over what was given before: a wrong password is mended by giving the right one.</summary>
    public HostAccess Over(HostAccess before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return this with
        {
            User = User ?? before.User,
            Port = Port ?? before.Port,
            Password = Password ?? before.Password,
            KeyFile = KeyFile ?? before.KeyFile,
            KeyPassphrase = KeyPassphrase ?? (KeyFile is null ? before.KeyPassphrase : null),
            SudoPassword = SudoPassword ?? before.SudoPassword,
            ProxyJump = ProxyJump ?? before.ProxyJump,
            HostKeys = HostKeys ?? before.HostKeys,
            HostKeyFingerprints = HostKeyFingerprints.Count > 0 ? HostKeyFingerprints : before.HostKeyFingerprints,
            SshConfigFile = SshConfigFile ?? before.SshConfigFile,
            LocalDirectly = LocalDirectly || before.LocalDirectly,
            ConnectTimeout = ConnectTimeout ?? before.ConnectTimeout,
        };
    }

    // One whose source only is known is of no use where there is another.
    private static Secret? IfRead(Secret? secret) => secret is { HasValue: true } ? secret : null;
}
