namespace Sealer.Hosts.Configuration;

/// <summary>What ssh_config's StrictHostKeyChecking asks for.</summary>
public enum HostKeyPolicy
{
    /// <summary><c>ask</c>, the default: here nobody is asked, so that an unknown key is refused with its fingerprint.</summary>
    Ask,

    /// <summary><c>yes</c>: only keys that are known.</summary>
    Strict,

    /// <summary><c>accept-new</c>: keys of hosts never met are written down; changed ones are refused.</summary>
    AcceptNew,

    /// <summary><c>no</c>: taken as <see cref="AcceptNew"/>; a changed key is refused, whatever is configured.</summary>
    Off,
}
