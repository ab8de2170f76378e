using System.Text.RegularExpressions;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>What a <c>ssh</c> says, before the cluster's and the defaults are laid under it.</summary>
internal sealed partial record SshFields
{
    public static SshFields None { get; } = new();

    public string? User { get; init; }

    public Secret? Password { get; init; }

    public bool? IsEncrypted { get; init; }

    public string? PrivateKeyPath { get; init; }

    public Secret? Passphrase { get; init; }

    public int? Port { get; init; }

    public string? ProxyJump { get; init; }

    public Secret? SudoPassword { get; init; }

    public IReadOnlyList<string> HostKeys { get; init; } = [];

    public IReadOnlyList<string> JumpHostKeys { get; init; } = [];

    /// <summary>Where it stands, for mistakes that are seen late.</summary>
    public YamlNode? Node { get; init; }

    public static SshFields Read(Fields? fields, ReadContext context)
    {
        if (fields is null)
            return None;
        var user = fields.Scalar("user");
        if (user is { Value.Length: > 0 } && !Names.IsUserName(user.Value))
            context.Error(user, $"{Quoting.Quote(user.Value)} is not a user's name");
        var jump = fields.Scalar("proxyJump");
        if (jump is { Value.Length: > 0 } && (!jump.Value.Split(',').All(hop => Hop().IsMatch(hop.Trim())) || Hosts.Configuration.SshJump.ParseChain(jump.Value.Replace(" ", "", StringComparison.Ordinal)) is null))
            context.Error(jump, $"{Quoting.Quote(jump.Value)} is not a way through other hosts; write [user@]host[:port], several with commas between");
        var keys = fields.Texts("hostKeys") ?? [];
        var jumpKeys = fields.Texts("jumpHostKeys") ?? [];
        foreach (var key in keys.Concat(jumpKeys).Where(key => !Fingerprint().IsMatch(key.Value)))
            context.Error(key, $"{Quoting.Quote(key.Value)} is not a fingerprint; write SHA256:..., as 'ssh-keygen -lf' prints it");
        var path = fields.Scalar("pk");
        if (path is not null && path.Value.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            context.Error(path, $"{fields.Place}.pk is the path of a private key, not the key itself");
            path = null;
        }

        var result = new SshFields
        {
            Node = fields.Node,
            User = NullIfEmpty(user?.Value),
            IsEncrypted = fields.Bool("encrypted"),
            Password = SecretReader.Read(fields, "passwd", context),
            PrivateKeyPath = NullIfEmpty(path?.Value),
            Passphrase = SecretReader.Read(fields, "pkPasswd", context),
            Port = fields.Port("port"),
            ProxyJump = NullIfEmpty(jump?.Value),
            SudoPassword = SecretReader.Read(fields, "sudoPasswd", context),
            HostKeys = [.. keys.Select(key => key.Value)],
            JumpHostKeys = [.. jumpKeys.Select(key => key.Value)],
        };
        fields.Finish();
        return result.Decrypted(context, fields);
    }

    /// <summary>These settings over the cluster's over the defaults, field by field as sealer does.</summary>
    public SshSettings Over(SshFields cluster) => new()
    {
        User = User ?? cluster.User ?? SshSettings.DefaultUser,
        Password = Password ?? cluster.Password,
        PrivateKeyPath = PrivateKeyPath ?? cluster.PrivateKeyPath,
        // A passphrase belongs to its key: another key of this group has nothing to do with the cluster's.
        PrivateKeyPassphrase = Passphrase ?? (PrivateKeyPath is null || PrivateKeyPath == cluster.PrivateKeyPath ? cluster.Passphrase : null),
        Port = Port ?? cluster.Port ?? SshSettings.DefaultPort,
        ProxyJump = ProxyJump ?? cluster.ProxyJump,
        SudoPassword = SudoPassword ?? cluster.SudoPassword,
        HostKeyFingerprints = HostKeys.Count > 0 ? HostKeys : cluster.HostKeys,
        // They belong to their way, as a passphrase to its key.
        JumpHostKeyFingerprints = JumpHostKeys.Count > 0 ? JumpHostKeys : ProxyJump is null || ProxyJump == cluster.ProxyJump ? cluster.JumpHostKeys : [],
    };

    /// <summary>
    /// A password that is encrypted only because the cluster's settings say so: sealer fills <c>encrypted</c> in like any
    /// other field. Where it does not look encrypted it is taken as it is.
    /// </summary>
    public SshFields InheritingEncryption(SshFields cluster, ReadContext context)
    {
        if (cluster.IsEncrypted is not true || IsEncrypted is not null || Password is not { Source: null, HasValue: true } password)
            return this;
        if (SealerPassword.TryDecrypt(password.Reveal()) is { } plain)
            return this with { Password = Secret.Of(plain) };
        if (Node is not null)
            context.Warning(Node, "spec.ssh.encrypted is true, but this password is not encrypted and is taken as it is");
        return this;
    }

    private SshFields Decrypted(ReadContext context, Fields fields)
    {
        if (IsEncrypted is not true || Password is not { } password)
            return this;
        if (password.Source is not null)
        {
            context.Error(fields.At("encrypted"), "encrypted is for a password that stands here; one from elsewhere is read as it is");
            return this;
        }

        if (SealerPassword.TryDecrypt(password.Reveal()) is { } plain)
            return this with { Password = Secret.Of(plain) };
        context.Error(fields.At("passwd"), "the password was not encrypted by sealer; write it in plain and remove 'encrypted', or use passwdFrom");
        return this;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    [GeneratedRegex(@"^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z")]
    private static partial Regex Hop();

    [GeneratedRegex(@"^SHA256:[A-Za-z0-9+/]{43}=?\z")]
    private static partial Regex Fingerprint();
}
