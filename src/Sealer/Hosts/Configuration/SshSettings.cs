namespace Sealer.Hosts.Configuration;

/// <summary>What ssh_config says of one host, everything resolved: names, tokens, defaults.</summary>
public sealed record SshSettings
{
    /// <summary>The name that was asked for.</summary>
    public required string Alias { get; init; }

    /// <summary>The name or address to connect to.</summary>
    public required string HostName { get; init; }

    /// <summary>22 where nothing is said.</summary>
    public required int Port { get; init; }

    /// <summary>The local user's name where nothing is said.</summary>
    public required string User { get; init; }

    /// <summary>Private keys in the order they are tried, whether or not they exist.</summary>
    public required IReadOnlyList<string> IdentityFiles { get; init; }

    /// <summary>True where <see cref="IdentityFiles"/> are ssh's own defaults and not configured.</summary>
    public required bool DefaultIdentityFiles { get; init; }

    /// <summary>Certificates of the keys.</summary>
    public IReadOnlyList<string> CertificateFiles { get; init; } = [];

    /// <summary>Offer only <see cref="IdentityFiles"/>, even where an agent holds more.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket; null means <c>SSH_AUTH_SOCK</c>, <c>none</c> means no agent.</summary>
    public string? IdentityAgent { get; init; }

    /// <summary>Hosts on the way, first one first, as written for this host; <see cref="SshConfig.ResolveChain"/> resolves them.</summary>
    public IReadOnlyList<SshJump> Jumps { get; init; } = [];

    /// <summary>A ProxyCommand as written, which we do not run; null where there is none.</summary>
    public string? ProxyCommand { get; init; }

    /// <summary>What is asked for about unknown host keys.</summary>
    public HostKeyPolicy HostKeys { get; init; }

    /// <summary>The name host keys are kept under, where it is not <see cref="HostName"/>.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>New entries of known_hosts are hashed.</summary>
    public bool HashKnownHosts { get; init; }

    /// <summary>The user's known_hosts; the first is written to. Empty for <c>none</c>.</summary>
    public required IReadOnlyList<string> UserKnownHostsFiles { get; init; }

    /// <summary>The machine's known_hosts.</summary>
    public required IReadOnlyList<string> GlobalKnownHostsFiles { get; init; }

    /// <summary>Files of public keys that no host may show.</summary>
    public IReadOnlyList<string> RevokedHostKeysFiles { get; init; } = [];

    /// <summary>How long connecting may take; null where nothing is said.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>How often a silent server is asked whether it lives; null where nothing is said, zero for never.</summary>
    public TimeSpan? ServerAliveInterval { get; init; }

    /// <summary>How many unanswered questions end a connection.</summary>
    public int ServerAliveCountMax { get; init; } = 3;
}
