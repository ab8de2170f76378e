using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>What makes a host's key trusted: what is known, what was told, what may be taken as it comes.</summary>
/// <param name="Known">The keys that are known.</param>
/// <param name="Policy">What is asked for about hosts never met.</param>
/// <param name="Fingerprints">
/// Fingerprints of the host's keys (<c>SHA256:...</c>) that somebody vouches for. Where there are any, a key must be one of
/// them; a new one that is, is written down.
/// </param>
/// <param name="Hashed">New entries are hashed.</param>
public sealed record HostKeyCheck(KnownHosts Known, HostKeyPolicy Policy = HostKeyPolicy.Ask, IReadOnlyList<string>? Fingerprints = null, bool Hashed = false)
{
    /// <summary>A key that is trusted by its fingerprint is written down. False where the fingerprint is kept elsewhere.</summary>
    public bool WritesVouched { get; init; } = true;

    /// <summary>Decides about a key. Writes nothing; see <see cref="EnrolAsync"/>.</summary>
    /// <returns>What is known of it; an <see cref="UnknownHostKey"/> is one that may be taken.</returns>
    /// <exception cref="SealerException"><c>HostKeyUnknown</c>, <c>HostKeyChanged</c>, <c>HostKeyRevoked</c> or <c>HostKeyNotAsGiven</c>.</exception>
    public HostKeyVerdict Require(string host, int port, HostKey key, HostCertificate? certificate = null)
    {
        var verdict = Known.Check(host, port, key, certificate);
        if (verdict is RevokedHostKey or ChangedHostKey)
            throw Error(verdict, host);
        if (Fingerprints is { Count: > 0 } given)
        {
            // Some tools write the padding of base64, ssh-keygen does not.
            if (!given.Any(fingerprint => fingerprint.TrimEnd('=') == key.Fingerprint))
            {
                throw new SealerException(
                    "HostKeyNotAsGiven", ErrorKind.Authentication,
                    $"{host} shows the key {key}, and {string.Join(" or ", given)} was given. Find out which host answers there; give another fingerprint only if it is the right one.",
                    host);
            }
        }
        else if (verdict is UnknownHostKey && Policy is not (HostKeyPolicy.AcceptNew or HostKeyPolicy.Off))
        {
            throw Error(verdict, host);
        }

        return verdict;
    }

    /// <summary>Writes down the key of a verdict of <see cref="Require"/>, where it is new.</summary>
    /// <exception cref="SealerException">Those of <see cref="KnownHosts.EnrolAsync"/>.</exception>
    public Task EnrolAsync(string host, int port, HostKeyVerdict verdict, CancellationToken cancellationToken = default) =>
        verdict is UnknownHostKey && (WritesVouched || Fingerprints is not { Count: > 0 }) ? Known.EnrolAsync(host, port, verdict.Key, Hashed, cancellationToken) : Task.CompletedTask;

    internal static SealerException Error(HostKeyVerdict verdict, string host) => verdict switch
    {
        RevokedHostKey revoked => new SealerException(
            "HostKeyRevoked", ErrorKind.Authentication,
            $"{host} shows the key {revoked.Key}, which {revoked.Place} revokes. Do not connect; give the host a new key.", host),
        ChangedHostKey changed => new SealerException(
            "HostKeyChanged", ErrorKind.Authentication,
            $"{host} shows the key {changed.Key}, and another is known from {string.Join(", ", changed.Places.Take(3))}. If the host was set up anew, "
            + $"compare the fingerprint on its console (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) and remove the old one: ssh-keygen -R '{changed.Host}' -f '{changed.Places[0].File}'.", host),
        _ => new SealerException(
            "HostKeyUnknown", ErrorKind.Authentication,
            $"{host} shows the key {verdict.Key}, and nothing is known of it. Compare it with what 'ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub' says on its console, "
            + $"then make it known: Get-ClusterHost -Address '{verdict.Host}' -HostKey {verdict.Key.Fingerprint}. Where the network is trusted, -AcceptNewHostKey takes keys as they come.", host),
    };
}
