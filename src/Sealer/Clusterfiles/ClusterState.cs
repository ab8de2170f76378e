using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Clusterfiles;

/// <summary>
/// What a cluster keeps of itself, so that any controller can take over: its Clusterfile where everybody may read it, with nothing
/// secret in it, and the whole of it where secrets lie.
/// </summary>
/// <param name="Text">The Clusterfile without secrets, as sealer keeps it: for people, and for sealer.</param>
/// <param name="Secrets">The whole Clusterfile under <see cref="Key"/>, and the values of its secret variables. Secret.</param>
internal sealed partial record ClusterState(string Text, IReadOnlyDictionary<string, string> Secrets)
{
    /// <summary>Name of the ConfigMap, which is sealer's, and of the Secret beside it; both in <c>kube-system</c>.</summary>
    public const string Name = "sealer-clusterfile";

    /// <summary>Under which both have the text.</summary>
    public const string Key = "Clusterfile";

    /// <summary>What is kept of a cluster.</summary>
    public static ClusterState Of(ClusterSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec = Settled(spec);
        var secrets = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var whole = WithVariables(spec, variables => [.. variables.Select(variable => variable.IsSecret ? Referring(variable, secrets) : variable)]);
        secrets[Key] = Clusterfile.Write(whole, new ClusterfileWriteOptions { Secrets = SecretWriting.Reveal, IsForSealer = false });
        return new ClusterState(Clusterfile.Write(Shown(spec)), secrets);
    }

    /// <summary>The cluster of what it keeps. Nothing of this machine is looked at, whatever that text names: no variable, no file.</summary>
    /// <exception cref="SealerException"><c>ClusterStateUnreadable</c>.</exception>
    public ClusterSpec Read()
    {
        var whole = Secrets.TryGetValue(Key, out var text) ? Read(text, Secrets.GetValueOrDefault) : null;
        if (whole is not null && Of(whole).Text == Text)
            return whole;
        // Somebody else has written the open half since, as sealer does; that counts, and of the other what it cannot know.
        var open = Read(Text, null);
        return whole is null ? open : Joined(open, whole);
    }

    /// <summary>Somebody else has written the open half since, and what it says counts.</summary>
    /// <exception cref="SealerException"><c>ClusterStateUnreadable</c>.</exception>
    public bool IsChanged => Secrets.TryGetValue(Key, out var text) && Of(Read(text, Secrets.GetValueOrDefault)).Text != Text;

    /// <summary>True where a cluster keeps this; what somebody else has put beside it does not count.</summary>
    public bool IsSame(ClusterState? other) => other is not null && other.Text == Text && Secrets.All(pair => other.Secrets.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>Nothing of it.</summary>
    public override string ToString() => Name;

    private static ClusterSpec Read(string text, Func<string, string?>? variables)
    {
        var read = Clusterfile.Read(text, new ClusterfileReadOptions
        {
            FileName = Name,
            Tolerant = true,
            ResolveSecrets = variables is not null,
            ReadsFiles = false,
            Variables = variables ?? (_ => null),
        });
        if (read.HasErrors)
        {
            throw new SealerException(
                "ClusterStateUnreadable", ErrorKind.InvalidContent,
                $"What the cluster keeps of itself (kube-system, {Name}) is no Clusterfile: {read.Diagnostics.First(diagnostic => diagnostic.Severity == Kubefiles.DiagnosticSeverity.Error)} Apply its Clusterfile once more, which writes it anew.", Name);
        }

        return Settled(read.GetSpec());
    }

    // Where secrets came from is of no use to another controller. Those that nobody has read are left out. The order of variables says
    // nothing, and is another where some of them are secret.
    private static ClusterSpec Settled(ClusterSpec spec) => WithVariables(
        spec.WithSsh(ssh => ssh with { Password = Settled(ssh.Password), PrivateKeyPassphrase = Settled(ssh.PrivateKeyPassphrase), SudoPassword = Settled(ssh.SudoPassword) }) with
        {
            Registry = new RegistrySpec(
                spec.Registry.Local is { } local ? local with { Password = Settled(local.Password) } : null,
                spec.Registry.External is { } external ? external with { Password = Settled(external.Password) } : null),
        },
        variables => [.. variables.OrderBy(variable => variable.Name, StringComparer.Ordinal).Select(variable => variable is { IsSecret: true, HasValue: true } ? new EnvironmentVariable(variable.Name, Secret.Of(variable.Reveal())) { IsList = variable.IsList } : variable)]);

    private static Secret? Settled(Secret? secret) => secret is { HasValue: true } ? Secret.Of(secret.Reveal()) : null;

    private static EnvironmentVariable Referring(EnvironmentVariable variable, SortedDictionary<string, string> secrets)
    {
        if (!variable.HasValue)
            return variable;
        var value = variable.Reveal();
        var name = KeyForm().IsMatch(variable.Name) && variable.Name != Key ? variable.Name : "variable";
        var key = name;
        for (var i = 2; secrets.TryGetValue(key, out var other) && other != value; i++)
            key = $"{name}.{i}";
        secrets[key] = value;
        return new EnvironmentVariable(variable.Name, Secret.From(value, new SecretSource(SecretSourceKind.Environment, key)));
    }

    private static ClusterSpec WithVariables(ClusterSpec spec, Func<IReadOnlyList<EnvironmentVariable>, IReadOnlyList<EnvironmentVariable>> change) => spec with
    {
        Environment = change(spec.Environment),
        Hosts = [.. spec.Hosts.Select(host => host.Environment.Count == 0 ? host : host with { Environment = change(host.Environment) })],
        Application = spec.Application is { } application
            ? application with { Configs = [.. application.Configs.Select(config => config with { Environment = change(config.Environment) })] }
            : null,
    };

    // Whoever may read ConfigMaps sees this. What only might be a secret is left out too: it stands in the other half.
    private static ClusterSpec Shown(ClusterSpec spec)
    {
        var secrets = new SecretText(spec, null, null);
        bool IsOpen(string text) => !secrets.IsIn(text) && !NamesSecret(text);
        IReadOnlyList<string>? Open(IReadOnlyList<string>? texts) => texts?.All(IsOpen) == true ? texts : null;
        var shown = WithVariables(spec, variables => [.. variables.Select(variable => variable.IsSecret || IsOpen(variable.Reveal()) ? variable : new EnvironmentVariable(variable.Name, Secret.Of(variable.Reveal())))]);
        return shown with
        {
            Annotations = shown.Annotations.Where(pair => IsOpen(pair.Value)).ToDictionary(StringComparer.Ordinal),
            Commands = Open(shown.Commands),
            Configs = [.. shown.Configs.Where(config => !config.Processors.Contains(ConfigProcessor.ToSecret) && IsOpen(config.Data))],
            Plugins = [.. shown.Plugins.Where(plugin => IsOpen(plugin.Script))],
            Application = shown.Application is { } application
                ? application with
                {
                    Commands = Open(application.Commands),
                    Configs = [.. application.Configs.Select(config => config with
                    {
                        Files = [.. config.Files.Where(file => IsOpen(file.Data))],
                        LaunchCommands = Open(config.LaunchCommands),
                    })],
                }
                : null,
            KubeadmDocuments = [.. shown.KubeadmDocuments.Select(document => document with { Content = (JsonObject)WithoutTokens(document.Content)! })
                .Where(document => !secrets.IsIn(YamlText.Of(document.Content)))],
        };
    }

    private static JsonNode? WithoutTokens(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Where(pair => pair.Value is JsonObject or JsonArray || !(SecretNames.Contains(pair.Key) || pair.Key == "certificateKey") || IsFlag(pair.Value))
            .Select(pair => KeyValuePair.Create(pair.Key, WithoutTokens(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(WithoutTokens)]),
        _ => node?.DeepClone(),
    };

    private static bool IsFlag(JsonNode? node) => $"{node}" is "true" or "false" or "";

    private static bool NamesSecret(string text) =>
        Assignment().Matches(text).Concat(Option().Matches(text)).Any(match => SecretNames.Contains(match.Groups[1].Value)) || Login().IsMatch(text);

    private static ClusterSpec Joined(ClusterSpec open, ClusterSpec whole)
    {
        var ssh = whole.Hosts.ToDictionary(host => host.Address, host => host.Ssh);
        var secrets = whole.Environment.Where(variable => variable.IsSecret).ToList();
        IReadOnlyList<EnvironmentVariable> Filled(IReadOnlyList<EnvironmentVariable> variables) =>
            [.. variables.Select(variable => variable.HasValue ? variable : secrets.Find(secret => secret.Name == variable.Name) ?? variable)];
        var filled = WithVariables(open, Filled);
        // What the open half never had, nobody who wrote it can have taken away.
        var shown = Shown(whole);
        return filled with
        {
            Annotations = whole.Annotations.Where(pair => !shown.Annotations.ContainsKey(pair.Key)).Concat(filled.Annotations).DistinctBy(pair => pair.Key).ToDictionary(StringComparer.Ordinal),
            Commands = filled.Commands ?? (shown.Commands is null ? whole.Commands : null),
            Configs = [.. whole.Configs.Except(shown.Configs), .. filled.Configs],
            Plugins = [.. whole.Plugins.Except(shown.Plugins), .. filled.Plugins],
            Application = filled.Application is { } application && whole.Application is { } hidden && shown.Application is { } seen ? Joined(application, hidden, seen) : filled.Application,
            KubeadmDocuments = [.. whole.KubeadmDocuments.Where(document => shown.KubeadmDocuments.All(other => other.Kind != document.Kind) && filled.KubeadmDocuments.All(other => other.Kind != document.Kind)), .. filled.KubeadmDocuments],
            Environment = [.. filled.Environment, .. secrets.Where(secret => filled.Environment.All(variable => variable.Name != secret.Name))],
            Ssh = Joined(filled.Ssh, whole.Ssh),
            Hosts = [.. filled.Hosts.Select(host => host with { Ssh = Joined(host.Ssh, ssh.GetValueOrDefault(host.Address, whole.Ssh)) })],
            Registry = new RegistrySpec(
                filled.Registry.Local is { Password: null } local && whole.Registry.Local is { Password: not null } login && (local.UserName ?? login.UserName) == login.UserName ? local with { UserName = login.UserName, Password = login.Password } : filled.Registry.Local,
                filled.Registry.External is { Password: null } external && external.Domain == whole.Registry.External?.Domain ? external with { UserName = whole.Registry.External.UserName, Password = whole.Registry.External.Password } : filled.Registry.External),
        };
    }

    private static ApplicationSpec Joined(ApplicationSpec open, ApplicationSpec whole, ApplicationSpec shown) => open with
    {
        Commands = open.Commands ?? (shown.Commands is null ? whole.Commands : null),
        Configs = [.. open.Configs.Select(config => whole.Configs.FirstOrDefault(other => other.Name == config.Name) is { } hidden && shown.Configs.FirstOrDefault(other => other.Name == config.Name) is { } seen
            ? config with
            {
                Files = [.. hidden.Files.Except(seen.Files), .. config.Files],
                LaunchCommands = config.LaunchCommands ?? (seen.LaunchCommands is null ? hidden.LaunchCommands : null),
            }
            : config)],
    };

    private static SshSettings Joined(SshSettings open, SshSettings whole) => open with
    {
        Password = open.Password ?? whole.Password,
        PrivateKeyPassphrase = open.PrivateKeyPassphrase ?? whole.PrivateKeyPassphrase,
        SudoPassword = open.SudoPassword ?? whole.SudoPassword,
        ProxyJump = open.ProxyJump ?? whole.ProxyJump,
        HostKeyFingerprints = open.HostKeyFingerprints.Count > 0 ? open.HostKeyFingerprints : whole.HostKeyFingerprints,
        JumpHostKeyFingerprints = open.JumpHostKeyFingerprints.Count > 0 ? open.JumpHostKeyFingerprints : whole.JumpHostKeyFingerprints,
    };

    // Kubernetes' rule for keys.
    [GeneratedRegex("^[-._a-zA-Z0-9]{1,200}$")]
    private static partial Regex KeyForm();

    // A name, and behind : or = a value on its line that is no reference, no switch and no name of a Secret. What is not certain counts:
    // it is left out of one half only. Names begin where words do, so that long ones cost no more than their length.
    [GeneratedRegex("""(?<![A-Za-z0-9_.-])((?>[A-Za-z0-9_.-]+))(?<!(?:[Nn]ame|[Rr]ef|[Ff]ile|[Pp]ath))["']?[ \t]*[:=][ \t]*["']?(?!(?:true|false|null)\b|\$[{(]|\{\{)[^\s"']""")]
    private static partial Regex Assignment();

    [GeneratedRegex("""(?<![A-Za-z0-9_.-])--((?>[A-Za-z0-9-]+))[ \t]+["']?(?!\$[{(]|\{\{)[^\s"'-]""")]
    private static partial Regex Option();

    [GeneratedRegex("""://(?>[^\s/:@]{1,200}):(?!\$[{(]|\{\{)[^\s/@]{1,200}@""")]
    private static partial Regex Login();
}
