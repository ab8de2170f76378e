using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;

namespace Sealer.Delivery;

/// <summary>
/// Joins what is said of the way to a host with what ssh_config says, which comes last.
/// A credential that is given is what a host is shown first: servers count what they are offered.
/// </summary>
internal sealed class HostWays
{
    private readonly HostAccess _access;
    private readonly SshConfig _config;
    private readonly SshConfigOptions _options = new();
    private readonly Dictionary<string, KnownHosts> _known = new(StringComparer.Ordinal);
    private readonly ILookup<string, HostTarget> _targets;

    /// <exception cref="SealerException"><c>SshConfigInvalid</c>, <c>SshConfigNotFound</c>.</exception>
    public HostWays(IReadOnlyList<HostTarget> targets, HostAccess access)
    {
        _access = access;
        _targets = targets.ToLookup(t => t.Address, StringComparer.OrdinalIgnoreCase);
        _config = access.SshConfigFile switch
        {
            // As ssh -F none, and ssh -F FILE: the machine's file is not read then.
            "none" => SshConfig.Parse("", "none", _options),
            { } file => SshConfig.Load(_options with { UserFile = file, IgnoresSystemFile = true }),
            null => SshConfig.Load(_options),
        };
    }

    /// <exception cref="SealerException"><c>ProxyJumpInvalid</c>, <c>ProxyCommandNotSupported</c>, <c>SshConfigInvalid</c>, <c>KnownHostsNotReadable</c>.</exception>
    public SshHostOptions To(HostTarget target)
    {
        var jump = target.ProxyJump;
        var jumps = jump is null ? null : SshJump.ParseChain(jump.Replace(" ", "", StringComparison.Ordinal)) ?? throw new SealerException(
            "ProxyJumpInvalid", ErrorKind.InvalidInput, $"'{jump}' is not a way to {target.Called}. Write [user@]host[:port], several with commas between.", target.Called);
        var chain = _config.ResolveChain(target.Address, target.User, target.Port, jumps);
        SshHostOptions? via = null;
        foreach (var settings in chain)
            via = Join(settings, ReferenceEquals(settings, chain[^1]) ? target : OfJump(settings, target), via);

        return via! with { Name = target.Called };
    }

    // A host on the way is shown the key of the host behind it, which gives nothing away, and never its password. One that is
    // itself a host of ours has settings of its own.
    private HostTarget OfJump(SshSettings settings, HostTarget target) =>
        _targets[settings.HostName].FirstOrDefault(t => t.User is null || t.User == settings.User)
        ?? new HostTarget(settings.HostName)
        {
            KeyFile = target.KeyFile,
            KeyPassphrase = target.KeyPassphrase,
            HostKeyFingerprints = target.JumpHostKeyFingerprints,
        };

    private SshHostOptions Join(SshSettings settings, HostTarget target, SshHostOptions? via)
    {
        if (settings.ProxyCommand is not null && via is null)
        {
            throw new SealerException(
                "ProxyCommandNotSupported", ErrorKind.NotSupported,
                $"{settings.Alias} is reached by ProxyCommand, which is not run. Name the host on the way with ProxyJump.", settings.Alias);
        }

        var key = target.KeyFile;
        return new SshHostOptions
        {
            Address = settings.HostName,
            Name = settings.Alias,
            Port = settings.Port,
            User = settings.User,
            HostKeys = new HostKeyCheck(
                Known(settings), _access.HostKeys ?? settings.HostKeys, target.HostKeyFingerprints, settings.HashKnownHosts)
            {
                // What a Clusterfile or an object says is said again next time.
                WritesVouched = _access.HostKeyFingerprints.Count > 0 && target.HostKeyFingerprints.SequenceEqual(_access.HostKeyFingerprints),
            },
            HostKeyAlias = settings.HostKeyAlias,
            Password = target.Password,
            PasswordFirst = target.Password is not null && key is null,
            KeyFiles = key is null ? [] : [Path.GetFullPath(key == "~" || key.StartsWith("~/", StringComparison.Ordinal) ? _options.Home + key[1..] : key)],
            // As ssh: a configured key that is not there is passed over too.
            DefaultKeyFiles = key is null ? settings.IdentityFiles : [],
            CertificateFiles = settings.CertificateFiles,
            Passphrase = target.KeyPassphrase,
            Agent = SshAgent.Find(settings.IdentityAgent),
            IdentitiesOnly = key is not null || settings.IdentitiesOnly,
            SudoPassword = target.SudoPassword,
            ConnectTimeout = _access.ConnectTimeout ?? (settings.ConnectTimeout is { } timeout && timeout > TimeSpan.Zero ? timeout : SshHostOptions.DefaultConnectTimeout),
            KeepAlive = settings.ServerAliveInterval ?? TimeSpan.FromSeconds(15),
            KeepAliveCount = settings.ServerAliveCountMax,
            Via = via,
        };
    }

    private KnownHosts Known(SshSettings settings)
    {
        var files = string.Join('\n', [.. settings.UserKnownHostsFiles, "", .. settings.GlobalKnownHostsFiles, "", .. settings.RevokedHostKeysFiles]);
        if (!_known.TryGetValue(files, out var known))
            _known.Add(files, known = KnownHosts.Load(settings.UserKnownHostsFiles, settings.GlobalKnownHostsFiles, settings.RevokedHostKeysFiles));
        return known;
    }
}
