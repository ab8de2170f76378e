using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Net;
using Sealer.Delivery;
using Sealer.Hosts.Configuration;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>What users pipe or type as hosts.</summary>
internal static class HostTargets
{
    /// <summary>A host written as for ssh: <c>[user@]host[:port]</c>, IPv6 with or without brackets.</summary>
    /// <exception cref="SealerException"><c>InvalidHostAddress</c>.</exception>
    public static HostTarget Parse(string text)
    {
        var written = text.Trim();
        if (IPAddress.TryParse(written, out _) && written.Contains(':', StringComparison.Ordinal))
            return new HostTarget(written);
        return SshJump.ParseChain(written) is [var way]
            ? new HostTarget(way.Host) { User = way.User, Port = way.Port }
            : throw new SealerException(
                "InvalidHostAddress", ErrorKind.InvalidInput, $"'{text}' is no host. Write [user@]host[:port], an address or a name.", text);
    }

    /// <summary>
    /// An object with an Address; User, Port, KeyPath, Credential, Password, KeyPassphrase, SudoPassword, ProxyJump,
    /// HostKeyFingerprint, JumpHostKeyFingerprint, Role and Name are taken where it has them.
    /// </summary>
    /// <exception cref="SealerException"><c>NotAHost</c>, <c>InvalidHostAddress</c>, <c>InvalidHostPort</c>.</exception>
    public static HostTarget Of(PSObject given)
    {
        switch (given.BaseObject)
        {
            case HostTarget target:
                return target;
            case ClusterHost host:
                return host.Target;
            case string text:
                return Parse(text);
            case IPAddress address:
                return new HostTarget(address.ToString());
        }

        if (Text("Address") is not { } where)
        {
            throw new SealerException(
                "NotAHost", ErrorKind.InvalidInput,
                $"A {given.BaseObject.GetType().Name} is neither a cluster nor a host. Pipe a cluster, what Get-ClusterHost returns, addresses, or objects with an Address.",
                given.BaseObject);
        }

        var parsed = Parse(where);
        var credential = Value("Credential") as PSCredential;
        return parsed with
        {
            Name = Text("Name"),
            User = Text("User") ?? credential?.UserName ?? parsed.User,
            Port = Text("Port") is { } port ? PortOf(port, where) : parsed.Port,
            Password = Secret("Password") ?? SecretAttribute.Of(credential),
            KeyFile = Text("KeyPath") ?? Text("KeyFile"),
            KeyPassphrase = Secret("KeyPassphrase"),
            SudoPassword = Secret("SudoPassword"),
            ProxyJump = Text("ProxyJump"),
            HostKeyFingerprints = Texts("HostKeyFingerprint"),
            JumpHostKeyFingerprints = Texts("JumpHostKeyFingerprint"),
            IsOfLab = given.BaseObject is LabHost,
            Roles = Texts("Role") is { Count: > 0 } roles ? roles : Texts("Roles"),
        };

        object? Value(string name) => given.Properties[name]?.Value is var value && value is PSObject wrapped ? wrapped.BaseObject : value;
        string? Text(string name) => LanguagePrimitives.ConvertTo<string>(Value(name)) is { Length: > 0 } text ? text : null;
        Secret? Secret(string name) => Value(name) is { } value and not "" ? SecretOf(value) : null;
        IReadOnlyList<string> Texts(string name) => Value(name) switch
        {
            null or "" => [],
            string one => [one],
            IEnumerable several => [.. several.Cast<object?>().Select(LanguagePrimitives.ConvertTo<string>)],
            var other => [LanguagePrimitives.ConvertTo<string>(other)],
        };
    }

    private static int PortOf(string text, string host) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
        ? port
        : throw new SealerException("InvalidHostPort", ErrorKind.InvalidInput, $"'{text}' is no port of {host}. Write a number from 1 to 65535 into its Port, or nothing.", host);

    // A table of hosts that a user keeps may hold passwords as text; there is nothing left to guard.
    private static Secret? SecretOf(object value) => value is string text ? Sealer.Secret.Of(text) : SecretAttribute.Of(value);
}
