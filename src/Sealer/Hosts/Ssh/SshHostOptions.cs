using Sealer.Hosts.Keys;

namespace Sealer.Hosts.Ssh;

/// <summary>How a host is reached over SSH, and what opens it.</summary>
public sealed record SshHostOptions
{
    /// <summary>How long connecting may take where nobody says how long: a packet to a host that is there may be lost three times.</summary>
    public static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(15);

    // Timers count milliseconds, and not many: ssh_config may say more than 24 days.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Name or address.</summary>
    public required string Address { get; init; }

    /// <summary>How it is called in plans and errors; null means <see cref="Address"/>.</summary>
    public string? Name { get; init; }

    /// <summary>Its port.</summary>
    public int Port { get; init; } = 22;

    /// <summary>The user.</summary>
    public required string User { get; init; }

    /// <summary>What makes its key trusted.</summary>
    public required HostKeyCheck HostKeys { get; init; }

    /// <summary>The name its key is known under, where it is not <see cref="Address"/>.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>The user's password.</summary>
    public Secret? Password { get; init; }

    /// <summary>The password is shown before the keys.</summary>
    public bool PasswordFirst { get; init; }

    /// <summary>Files of private keys: OpenSSH, PEM or PuTTY; those that do not exist are an error.</summary>
    public IReadOnlyList<string> KeyFiles { get; init; } = [];

    /// <summary>Files of private keys that are tried where they exist and need no other passphrase.</summary>
    public IReadOnlyList<string> DefaultKeyFiles { get; init; } = [];

    /// <summary>Files of certificates that an authority made of keys; those that exist are shown before the keys they are for.</summary>
    public IReadOnlyList<string> CertificateFiles { get; init; } = [];

    /// <summary>What opens the key files.</summary>
    public Secret? Passphrase { get; init; }

    /// <summary>The agent to ask; null for none.</summary>
    public SshAgent? Agent { get; init; }

    /// <summary>Of the agent's keys only those that the key files have beside them as <c>.pub</c>.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>What sudo asks for; null where it does not.</summary>
    public Secret? SudoPassword { get; init; }

    /// <summary>The host on the way to this one; null for none.</summary>
    public SshHostOptions? Via { get; init; }

    /// <summary>How long it may take until the host has shown its key. Who has done that is waited for longer (<see cref="LoginTimeout"/>).</summary>
    public TimeSpan ConnectTimeout { get; init => field = Bounded(value); } = DefaultConnectTimeout;

    /// <summary>How long each answer may take after that: hosts look up names and ask directories while somebody logs in.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a silent connection is kept alive; zero for never.</summary>
    public TimeSpan KeepAlive { get; init => field = Bounded(value); } = TimeSpan.FromSeconds(15);

    /// <summary>After so many times of silence in a row the connection is given up.</summary>
    public int KeepAliveCount { get; init; } = 3;

    /// <summary>How often connecting is tried where nobody answers or the server is too busy; what was refused is not tried again.</summary>
    public int ConnectAttempts { get; init; } = 3;

    /// <summary>How many commands at once; where the server's MaxSessions is lower, that many.</summary>
    public int MaxChannels { get; init; } = 10;

    internal string Called => Name ?? Address;

    /// <summary>For so long a host may be silent.</summary>
    internal TimeSpan Patience => Bounded(TimeSpan.FromSeconds(Math.Min(KeepAlive.TotalSeconds * Math.Max(1, KeepAliveCount), Longest.TotalSeconds)));

    private static TimeSpan Bounded(TimeSpan time) => time < Longest ? time : Longest;
}
