using System.Globalization;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles.Writing;

/// <summary>
/// Writes how hosts are reached: the cluster's settings once, and of each group what differs. A group cannot say "no
/// password" where the cluster has one, so what some host lacks is not said for the whole cluster but group by group.
/// </summary>
internal sealed class SshFieldsWriter(SecretWriting secrets)
{
    /// <summary>The settings that can be said for the whole cluster.</summary>
    public static SshSettings Common(ClusterSpec spec)
    {
        var ssh = spec.Ssh;
        bool AllHave(Func<SshSettings, bool> has) => spec.Hosts.All(host => has(host.Ssh));
        return ssh with
        {
            Password = AllHave(s => s.Password is not null) ? ssh.Password : null,
            PrivateKeyPath = AllHave(s => s.PrivateKeyPath is not null) ? ssh.PrivateKeyPath : null,
            PrivateKeyPassphrase = AllHave(s => s.PrivateKeyPassphrase is not null) ? ssh.PrivateKeyPassphrase : null,
            ProxyJump = AllHave(s => s.ProxyJump is not null) ? ssh.ProxyJump : null,
            SudoPassword = AllHave(s => s.SudoPassword is not null) ? ssh.SudoPassword : null,
            HostKeyFingerprints = AllHave(s => s.HostKeyFingerprints.Count > 0) ? ssh.HostKeyFingerprints : [],
            JumpHostKeyFingerprints = AllHave(s => s.JumpHostKeyFingerprints.Count > 0) ? ssh.JumpHostKeyFingerprints : [],
        };
    }

    /// <param name="settings">What to write.</param>
    /// <param name="over">What need not be written again; null: nothing.</param>
    public JsonObject Write(SshSettings settings, SshSettings? over)
    {
        var result = new JsonObject();
        if (settings.User != over?.User)
            result["user"] = settings.User;
        if (!Equals(settings.Password, over?.Password))
            Write(result, "passwd", settings.Password);
        if (settings.PrivateKeyPath is { } path && path != over?.PrivateKeyPath)
            result["pk"] = path;
        // Another key does not take the cluster's passphrase over, so it is said again even where it is equal.
        if (!Equals(settings.PrivateKeyPassphrase, over?.PrivateKeyPassphrase) || settings.PrivateKeyPath != over?.PrivateKeyPath)
            Write(result, "pkPasswd", settings.PrivateKeyPassphrase);
        if (settings.Port != over?.Port)
            result["port"] = settings.Port.ToString(CultureInfo.InvariantCulture);
        if (settings.ProxyJump is { } jump && jump != over?.ProxyJump)
            result["proxyJump"] = jump;
        if (!Equals(settings.SudoPassword, over?.SudoPassword))
            Write(result, "sudoPasswd", settings.SudoPassword);
        if (!settings.HostKeyFingerprints.SequenceEqual(over?.HostKeyFingerprints ?? []))
            result["hostKeys"] = ClusterfileText.Texts(settings.HostKeyFingerprints);
        // As the passphrase of another key.
        if (settings.JumpHostKeyFingerprints.Count > 0
            && (settings.ProxyJump != over?.ProxyJump || !settings.JumpHostKeyFingerprints.SequenceEqual(over?.JumpHostKeyFingerprints ?? [])))
        {
            result["jumpHostKeys"] = ClusterfileText.Texts(settings.JumpHostKeyFingerprints);
        }

        return result;
    }

    /// <summary>Where a secret is: <c>{ env: NAME }</c> or <c>{ file: PATH }</c>.</summary>
    public static JsonObject From(SecretSource source) => new() { [source.Kind == SecretSourceKind.Environment ? "env" : "file"] = source.Name };

    /// <summary>A secret, or where it is, or nothing.</summary>
    public void Write(JsonObject to, string name, Secret? secret)
    {
        if (secret?.Source is { } source)
            to[name + "From"] = From(source);
        else if (secret is not null && secrets == SecretWriting.Reveal)
            to[name] = secret.Reveal();
    }
}
