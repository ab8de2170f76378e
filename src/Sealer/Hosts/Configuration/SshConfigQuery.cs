using System.Text;

namespace Sealer.Hosts.Configuration;

/// <summary>One walk over the tree for one host: which blocks hold, and the first value of each keyword.</summary>
internal sealed class SshConfigQuery(SshConfigOptions options, string alias, string? user, int? port)
{
    private static readonly string[] DefaultIdentities = ["id_rsa", "id_ecdsa", "id_ed25519"];

    private readonly Dictionary<string, SshConfigStatement> _first = [];
    private readonly List<SshConfigStatement> _identities = [];
    private readonly List<SshConfigStatement> _certificates = [];
    private bool _final;
    private string? _finalHost;

    public bool WantsFinalPass { get; private set; }

    public void BeginFinalPass()
    {
        _final = true;
        _finalHost = HostName();
    }

    /// <param name="document">A file.</param>
    /// <param name="never">It is included where nothing holds, so that nothing of it does.</param>
    public void Visit(SshConfigDocument document, bool never)
    {
        foreach (var block in document.Blocks)
        {
            // Even a Match that cannot hold is asked whether it wants a second pass.
            var holds = block.Condition switch
            {
                null => true,
                SshConfigHostCondition c => SshPattern.AnyMatches(c.Patterns, _finalHost ?? alias),
                SshConfigMatchCondition c => Holds(c, never),
                _ => false,
            } && !never;
            foreach (var statement in block.Statements)
            {
                if (statement is SshConfigInclude include)
                {
                    foreach (var included in include.Documents)
                        Visit(included, never || !holds);
                }
                else if (holds)
                {
                    Take(statement);
                }
            }
        }
    }

    public SshSettings Finish(bool withJumps)
    {
        var name = HostName();
        var proxy = Value("proxycommand");
        var jumps = Value("proxyjump") is { } chain ? SshJump.ParseChain(chain)! : [];
        var known = _first.GetValueOrDefault("userknownhostsfile")?.Arguments ?? ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
        return new SshSettings
        {
            Alias = alias,
            HostName = name,
            Port = Port(),
            User = User(),
            IdentityFiles = Identities(),
            DefaultIdentityFiles = _identities.Count == 0,
            CertificateFiles = [.. _certificates.Select(s => Expand(s.Arguments[0], s)).Distinct()],
            IdentitiesOnly = Flag("identitiesonly"),
            IdentityAgent = Agent(),
            Jumps = withJumps ? jumps : [],
            ProxyCommand = !withJumps || proxy is null || proxy.Equals("none", StringComparison.OrdinalIgnoreCase) ? null : proxy,
            HostKeys = Value("stricthostkeychecking") is { } policy ? SshValues.Policy(policy)!.Value : HostKeyPolicy.Ask,
            HostKeyAlias = Value("hostkeyalias") is { } keys ? Tokens(keys, _first["hostkeyalias"], all: true) : null,
            HashKnownHosts = Flag("hashknownhosts"),
            UserKnownHostsFiles = known is ["none"] ? [] : [.. known.Select(f => Expand(f, _first.GetValueOrDefault("userknownhostsfile")))],
            GlobalKnownHostsFiles = Globals(),
            RevokedHostKeysFiles = _first.GetValueOrDefault("revokedhostkeys") is { Arguments: not ["none"] } revoked ? [.. revoked.Arguments.Select(f => Expand(f, revoked))] : [],
            ConnectTimeout = Duration("connecttimeout"),
            ServerAliveInterval = Duration("serveraliveinterval"),
            ServerAliveCountMax = Value("serveralivecountmax") is { } count ? SshConfig.Number(count) : 3,
        };
    }

    private void Take(SshConfigStatement statement)
    {
        switch (statement.Keyword)
        {
            case "identityfile":
                AddOnce(_identities, statement);
                break;
            case "certificatefile":
                AddOnce(_certificates, statement);
                break;
            // The two ways through a proxy are one setting: whichever comes first shuts out the other.
            case "proxyjump" when _first.ContainsKey("proxycommand"):
            case "proxycommand" when _first.ContainsKey("proxyjump"):
                break;
            default:
                _first.TryAdd(statement.Keyword, statement);
                break;
        }
    }

    private static void AddOnce(List<SshConfigStatement> list, SshConfigStatement statement)
    {
        if (!list.Any(s => s.Arguments[0] == statement.Arguments[0]))
            list.Add(statement);
    }

    private bool Holds(SshConfigMatchCondition condition, bool never)
    {
        var holds = true;
        foreach (var criterion in condition.Criteria)
        {
            if (criterion.Kind == "final")
                WantsFinalPass = true;
            var matched = criterion.Kind switch
            {
                "all" => true,
                // What ssh's own second pass after looking a name up would be; we look nothing up.
                "canonical" => _final,
                "final" => _final,
                "host" => SshPattern.AnyMatches(List(criterion, lower: true), HostName()),
                "originalhost" => SshPattern.AnyMatches(List(criterion, lower: true), alias.ToLowerInvariant()),
                "user" => SshPattern.AnyMatches(List(criterion, lower: false), User()),
                "localuser" => SshPattern.AnyMatches(List(criterion, lower: false), options.LocalUser),
                // As ssh: not run where the answer no longer matters.
                "exec" => holds && !never && Execute(criterion, condition),
                _ => false,
            };
            holds &= matched != criterion.Negated;
        }

        return holds;
    }

    private static IEnumerable<string> List(SshConfigCriterion criterion, bool lower) =>
        (lower ? criterion.Argument!.ToLowerInvariant() : criterion.Argument!).Split(',');

    private bool Execute(SshConfigCriterion criterion, SshConfigMatchCondition condition)
    {
        if (options.Execute is not { } execute)
        {
            throw Wrong(
                condition.Place,
                "'Match exec' decides here, and no command is run to read a configuration. Put another condition there, or name another configuration.");
        }

        return execute(Tokens(criterion.Argument!, condition.Place, all: true));
    }

    private string HostName() => (Value("hostname") is { } name ? Tokens(name, _first["hostname"], all: false) : alias).ToLowerInvariant();

    private string User() => user ?? Value("user") ?? options.LocalUser;

    private int Port() => port ?? (Value("port") is { } p ? SshConfig.Number(p) : 22);

    private string? Value(string keyword) => _first.GetValueOrDefault(keyword)?.Arguments[0];

    private bool Flag(string keyword) => Value(keyword) is { } value && SshValues.Flag(value)!.Value;

    private TimeSpan? Duration(string keyword) => Value(keyword) is { } value ? TimeSpan.FromSeconds(SshValues.Seconds(value)!.Value) : null;

    private List<string> Identities() => _identities.Count == 0
        ? [.. DefaultIdentities.Select(f => Path.Combine(options.Home, ".ssh", f))]
        : [.. _identities.Where(s => !s.Arguments[0].Equals("none", StringComparison.OrdinalIgnoreCase)).Select(s => Expand(s.Arguments[0], s))];

    private string? Agent()
    {
        var value = Value("identityagent");
        if (value is null or "SSH_AUTH_SOCK" || value.Equals("none", StringComparison.OrdinalIgnoreCase))
            return value == "SSH_AUTH_SOCK" ? null : value?.ToLowerInvariant();
        return value.StartsWith('$') && !value.StartsWith("${", StringComparison.Ordinal)
            ? options.Variable(value[1..])
            : Expand(value, _first["identityagent"]);
    }

    private List<string> Globals()
    {
        var folder = Path.GetDirectoryName(options.SystemFile) ?? "";
        var files = _first.GetValueOrDefault("globalknownhostsfile")?.Arguments
            ?? [Path.Combine(folder, "ssh_known_hosts"), Path.Combine(folder, "ssh_known_hosts2")];
        return files is ["none"] ? [] : [.. files];
    }

    private string Expand(string value, SshConfigStatement? statement)
    {
        if (value == "~" || value.StartsWith("~/", StringComparison.Ordinal))
            value = options.Home + value[1..];
        return Tokens(value, statement, all: true);
    }

    private string Tokens(string value, SshConfigStatement? statement, bool all) =>
        Tokens(value, statement?.Place ?? new SshConfigPlace("ssh", 0), all);

    private string Tokens(string value, SshConfigPlace place, bool all)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (all && value[i] == '$' && i + 1 < value.Length && value[i + 1] == '{')
            {
                var end = value.IndexOf('}', i);
                if (end < 0)
                    throw Wrong(place, $"'{value}' has a '${{' without '}}'");
                var name = value[(i + 2)..end];
                text.Append(options.Variable(name) ?? throw Wrong(place, $"the environment variable '{name}' is not set"));
                i = end;
            }
            else if (value[i] != '%')
            {
                text.Append(value[i]);
            }
            else
            {
                var token = ++i < value.Length ? value[i] : '\0';
                text.Append(Token(token, all) ?? throw Wrong(place, $"'%{token}' in '{value}' is not known here"));
            }
        }

        return text.ToString();
    }

    private string? Token(char token, bool all) => token switch
    {
        '%' => "%",
        'h' => all ? HostName() : alias,
        _ when !all => null,
        'n' => alias,
        'p' => Port().ToString(System.Globalization.CultureInfo.InvariantCulture),
        'r' => User(),
        'u' => options.LocalUser,
        'd' => options.Home,
        'l' => options.LocalHost,
        'L' => options.LocalHost.Split('.')[0],
        'k' => Value("hostkeyalias") ?? alias,
        'i' => OperatingSystem.IsLinux() ? Posix.EffectiveUserId().ToString(System.Globalization.CultureInfo.InvariantCulture) : null,
        _ => null,
    };

    private static SealerException Wrong(SshConfigPlace place, string what) =>
        new("SshConfigInvalid", ErrorKind.InvalidInput, $"{place}: {what}.", place.ToString());
}
