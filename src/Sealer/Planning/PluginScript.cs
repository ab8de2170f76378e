using System.Security.Cryptography;
using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;

namespace Sealer.Planning;

/// <summary>A plugin in one phase on one host, as text for a shell; may hold secrets.</summary>
/// <param name="Name">The plugin's name.</param>
/// <param name="Phase">The phase, as a Clusterfile writes it.</param>
/// <param name="Record">Under which the host keeps that it was run.</param>
/// <param name="Text">Variables, the folder, and the script.</param>
/// <param name="Digest">Digest of it with secret variables left out: for plans, which anybody may read.</param>
/// <param name="Folder">Where it runs; null: where the user's home is.</param>
internal sealed record PluginScript(string Name, string Phase, string Record, string Text, string Digest, string? Folder)
{
    // The longest first: one may be part of another.
    private IReadOnlyList<Secret> _secrets = [];

    private const string JoiningVariable = "JoiningHosts";

    // What sealer sets; a plugin's own PATH wins.
    private const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>What a host keeps of a run: salted, so that nobody finds a short secret by trying.</summary>
    public string NewRecord()
    {
        var salt = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)).ToLowerInvariant();
        return $"{salt} {Salted(salt)}";
    }

    /// <summary>True where a host's record says that exactly this was run.</summary>
    public bool WasRun(string record) => record.Split(' ') is [var salt, var digest] && digest == Salted(salt);

    /// <summary>What it printed, without the values of secret variables.</summary>
    public string HideIn(string output) => _secrets.Aggregate(output, (text, secret) => secret.HideIn(text));

    /// <summary>The same, with those that lie on the host itself: they run there and nowhere else.</summary>
    public static IEnumerable<PluginScript> Of(PlanRequest request, PluginPhase phase, ObservedHost host, IReadOnlyList<string>? joining = null) =>
        Of(request with { Plugins = [.. request.Plugins, .. host.Plugins] }, phase, host.Spec, joining);

    /// <summary>The plugins of a phase on one host, in the order that they run in.</summary>
    /// <param name="request">Names the plugins and their variables.</param>
    /// <param name="phase">The phase.</param>
    /// <param name="host">The host.</param>
    /// <param name="joining">The hosts that come into the cluster: they are in the variable <c>JoiningHosts</c>. Null in other phases.</param>
    public static IEnumerable<PluginScript> Of(PlanRequest request, PluginPhase phase, HostSpec host, IReadOnlyList<string>? joining = null)
    {
        var first = request.Spec.ControlPlanes.FirstOrDefault();
        var plugins = request.Plugins
            .Where(plugin => plugin.Phases.Contains(phase) && first is not null && plugin.HostsOf(phase, [host], first).Contains(host))
            .OrderBy(plugin => plugin.Name, StringComparer.Ordinal)
            .ToList();
        if (plugins.Count == 0)
            yield break;
        var folder = phase == PluginPhase.BeforeDistribution ? null : request.Spec.RootfsFolder;
        var variables = request.Environment(host);
        if (joining is { Count: > 0 })
            variables = [.. variables.Where(variable => variable.Name != JoiningVariable), new EnvironmentVariable(JoiningVariable, string.Join(' ', joining))];
        var before = Before(variables, folder, revealed: true);
        var shown = Before(variables, folder, revealed: false);
        var secrets = SecretsOf(variables);
        var name = PluginPhases.NameOf(phase);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var plugin in plugins)
        {
            // Several may have one name; each has its own record.
            var number = seen[plugin.Name] = seen.GetValueOrDefault(plugin.Name) + 1;
            var record = HostFingerprint.Digest($"{name}\n{plugin.Name}\n{number}").Substring("sha256:".Length, 16);
            yield return new PluginScript(plugin.Name, name, record, $"{before}{plugin.Script}\n", HostFingerprint.Digest($"{shown}{plugin.Script}\n"), folder) { _secrets = secrets };
        }
    }

    /// <summary>A script of the image's contract.</summary>
    public static PluginScript OfImage(string name, string phase, string record, string body, IReadOnlyList<EnvironmentVariable> variables, string? folder) =>
        new(name, phase, record, Before(variables, folder, revealed: true) + body, HostFingerprint.Digest(Before(variables, folder, revealed: false) + body), folder) { _secrets = SecretsOf(variables) };

    /// <summary>A script of Sealer's own, with what of it is never shown.</summary>
    public static PluginScript OfSecrets(string name, string phase, string record, string text, IReadOnlyList<Secret> secrets) =>
        new(name, phase, record, text, "", null) { _secrets = secrets };

    private static IReadOnlyList<Secret> SecretsOf(IReadOnlyList<EnvironmentVariable> variables) => [.. variables.Where(variable => variable.IsSecret && variable.HasValue)
        .SelectMany(variable => variable.RevealItems().Append(variable.Reveal())).SelectMany(value => value.Split('\n').Append(value)).Distinct()
        .OrderByDescending(value => value.Length).Select(Secret.Of)];

    private static string Before(IReadOnlyList<EnvironmentVariable> variables, string? folder, bool revealed)
    {
        var text = new StringBuilder($"export PATH={Path}\n");
        foreach (var variable in variables.OrderBy(variable => variable.Name, StringComparer.Ordinal).Where(variable => ShellText.IsVariable(variable.Name)))
            text.Append($"export {variable.Name}={ShellText.Quote(revealed ? variable.Reveal() : variable.Value)}\n");
        text.Append(ClusterEnvironment.ShellArrays(variables));
        if (folder is not null)
            text.Append($"cd {ShellText.Quote(folder)} || exit 1\n");
        return text.ToString();
    }

    private string Salted(string salt) => HostFingerprint.Digest($"{salt}\n{Text}");
}
