namespace Sealer.Clusterfiles.Documents;

/// <summary>How a host is reached.</summary>
public sealed record SshSettings
{
    /// <summary>The user where none is given.</summary>
    public const string DefaultUser = "root";

    /// <summary>The port where none is given.</summary>
    public const int DefaultPort = 22;

    /// <summary>Who logs in (<c>user</c>).</summary>
    public string User { get; init; } = DefaultUser;

    /// <summary>The password (<c>passwd</c>, <c>passwdFrom</c>), or null.</summary>
    public Secret? Password { get; init; }

    /// <summary>Path of the private key on the controller as it is written (<c>pk</c>), or null; <c>~</c> is not replaced yet.</summary>
    public string? PrivateKeyPath { get; init; }

    /// <summary>What the private key is protected with (<c>pkPasswd</c>, <c>pkPasswdFrom</c>), or null.</summary>
    public Secret? PrivateKeyPassphrase { get; init; }

    /// <summary>Port of sshd (<c>port</c>).</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Hosts to go through, as OpenSSH writes them: <c>[user@]host[:port][,...]</c> (<c>proxyJump</c>; sealer ignores it), or null.</summary>
    public string? ProxyJump { get; init; }

    /// <summary>What sudo asks for where it is not the login's password (<c>sudoPasswd</c>, <c>sudoPasswdFrom</c>; sealer ignores it), or null.</summary>
    public Secret? SudoPassword { get; init; }

    /// <summary>Fingerprints (<c>SHA256:...</c>) of the host's keys to trust (<c>hostKeys</c>; sealer ignores it).</summary>
    public IReadOnlyList<string> HostKeyFingerprints { get; init => field = Listed.Of(value); } = [];

    /// <summary>Fingerprints of the keys of the hosts on the way, of which each has to show one (<c>jumpHostKeys</c>; sealer ignores it).</summary>
    public IReadOnlyList<string> JumpHostKeyFingerprints { get; init => field = Listed.Of(value); } = [];

    /// <summary>User and port.</summary>
    public override string ToString() => $"{User}, port {Port}";
}
