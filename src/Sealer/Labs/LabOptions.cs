using System.Net;

namespace Sealer.Labs;

/// <summary>What a lab is to be like.</summary>
public sealed record LabOptions
{
    /// <summary>Hosts, the jump host not among them: 1 to 200.</summary>
    public int Count { get; init; } = 1;

    /// <summary>
    /// The lab's name, which its hosts' names begin with: letters, digits and dashes, at most 32. Without, <c>lab</c>, or the
    /// first of <c>lab2</c>, <c>lab3</c>, ... that is free.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>The link of every host.</summary>
    public LinkConditions Link { get; init; } = LinkConditions.None;

    /// <summary>The link of this machine into the lab, which all that it sends to any host goes through.</summary>
    public LinkConditions Uplink { get; init; } = LinkConditions.None;

    /// <summary>Who logs in: null for root; anybody else may use sudo with the password, and root cannot log in.</summary>
    public string? User { get; init; }

    /// <summary>The password of who logs in; made up where it is null.</summary>
    public Secret? Password { get; init; }

    /// <summary>The hosts are reached through one more host only.</summary>
    public bool JumpHost { get; init; }

    /// <summary>A tar of a root file system with systemd and sshd, packed or not; null for Debian's (or Ubuntu's) of this machine's apt sources.</summary>
    public string? RootFileSystem { get; init; }

    /// <summary>The IPv4 network of the lab, 16 to 28 bits; null for a free one in 10.77.0.0/16.</summary>
    public IPNetwork? Subnet { get; init; }

    /// <summary>Reads a network as <c>172.30.7.0/24</c>.</summary>
    /// <exception cref="SealerException"><c>LabSubnetInvalid</c>.</exception>
    public static IPNetwork ParseSubnet(string text) =>
        // Newer runtimes cut off what stands behind the network's bits instead of refusing it.
        IPNetwork.TryParse(text, out var network) && text.StartsWith($"{network.BaseAddress}/", StringComparison.Ordinal)
        ? network
        : throw new SealerException(
            "LabSubnetInvalid", ErrorKind.InvalidInput,
            $"'{text}' is not a network: it takes an IPv4 address with nothing behind the bits it has, as 172.30.7.0/24.", text);

    /// <summary>Where labs are kept; null for that of the environment.</summary>
    public SealerHome? Home { get; init; }
}
