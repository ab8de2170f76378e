using System.Text;
using System.Text.RegularExpressions;
using Sealer.Clusterfiles.Documents;
using Sealer.Images;

namespace Sealer.Clusterfiles.Configs;

/// <summary>Tells which files hold a secret: one of the cluster's, as it is or as base64, or a Secret of Kubernetes.</summary>
internal sealed partial class SecretText
{
    // What is shorter would be found everywhere.
    private const int Shortest = 4;

    // By how they begin: there may be one a host, and a text is gone through once, not once for each.
    private readonly Dictionary<ulong, HashSet<string>> _secrets = [];

    public SecretText(ClusterSpec spec, ImageExtension? image, IReadOnlyDictionary<string, string>? given)
    {
        Add(spec.Registry.Local?.Password);
        Add(spec.Registry.External?.Password);
        foreach (var ssh in spec.Hosts.Select(host => host.Ssh).Append(spec.Ssh).Distinct(ReferenceEqualityComparer.Instance).Cast<SshSettings>())
        {
            Add(ssh.Password);
            Add(ssh.PrivateKeyPassphrase);
            Add(ssh.SudoPassword);
        }

        Add(spec.Environment);
        foreach (var environment in spec.Hosts.Select(host => host.Environment).Distinct(ReferenceEqualityComparer.Instance).Cast<IReadOnlyList<EnvironmentVariable>>())
            Add(environment);
        foreach (var config in spec.Application?.Configs ?? [])
            Add(config.Environment);
        Add(image?.Env);
        foreach (var application in image?.Applications ?? [])
            Add(application.Env);
        Add(given);
    }

    public bool IsIn(string text) => IsKubernetesSecret().IsMatch(text) || HoldsOne(text);

    private bool HoldsOne(ReadOnlySpan<char> text)
    {
        for (; text.Length >= Shortest; text = text[1..])
        {
            if (!_secrets.TryGetValue(BeginningOf(text), out var secrets))
                continue;
            foreach (var secret in secrets)
            {
                if (text.StartsWith(secret))
                    return true;
            }
        }

        return false;
    }

    private static ulong BeginningOf(ReadOnlySpan<char> text) => ((ulong)text[0] << 48) | ((ulong)text[1] << 32) | ((ulong)text[2] << 16) | text[3];

    private void Add(Secret? secret)
    {
        if (secret is { HasValue: true })
            Add(secret.Reveal());
    }

    private void Add(IEnumerable<EnvironmentVariable> variables)
    {
        foreach (var variable in variables.Where(variable => variable is { IsSecret: true, HasValue: true }))
        {
            foreach (var item in variable.RevealItems())
                Add(item);
        }
    }

    private void Add(IReadOnlyDictionary<string, string>? variables)
    {
        foreach (var (_, value) in variables?.Where(pair => SecretNames.Contains(pair.Key)) ?? [])
            Add(value);
    }

    private void Add(string secret)
    {
        if (secret.Length < Shortest)
            return;
        AddAsItIs(secret);
        AddAsItIs(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
    }

    private void AddAsItIs(string secret)
    {
        if (!_secrets.TryGetValue(BeginningOf(secret), out var secrets))
            _secrets.Add(BeginningOf(secret), secrets = new HashSet<string>(StringComparer.Ordinal));
        secrets.Add(secret);
    }

    [GeneratedRegex("""^(\{.*)?["']?kind["']?:[ \t]*["']?Secret["']?[ \t,}\r]*$""", RegexOptions.Multiline)]
    private static partial Regex IsKubernetesSecret();
}
