using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>The parts of a fingerprint that steps change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FingerprintPart>))]
public enum FingerprintPart
{
    /// <summary>The image's files.</summary>
    Content,

    /// <summary><c>/etc/hosts</c>.</summary>
    Aliases,

    /// <summary>Which plugins were run.</summary>
    Plugins,

    /// <summary>What there is of Kubernetes.</summary>
    Kubernetes,
}

/// <summary>What a plan was based on of one host: which machine it is, and the state of what the plan changes.</summary>
public sealed record HostFingerprint
{
    /// <summary>What it calls itself.</summary>
    public string HostName { get; init; } = "";

    /// <summary>/etc/machine-id.</summary>
    public string? MachineId { get; init; }

    /// <summary>The firmware's product_uuid.</summary>
    public string? ProductUuid { get; init; }

    /// <summary>As <c>amd64</c>.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>As <c>debian 12</c>.</summary>
    public string Distribution { get; init; } = "";

    /// <summary>As <c>uname -r</c>.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Digest of what the image's folder lacks.</summary>
    public string Content { get; init; } = "";

    /// <summary>Digest of <c>/etc/hosts</c>.</summary>
    public string Aliases { get; init; } = "";

    /// <summary>Digest of the records of plugins.</summary>
    public string Plugins { get; init; } = "";

    /// <summary>Digest of what there is of Kubernetes; null where that was not asked.</summary>
    public string? Kubernetes { get; init; }

    /// <summary>The fingerprint of a host as it is.</summary>
    /// <exception cref="ArgumentException">It was not asked.</exception>
    public static HostFingerprint Of(ObservedHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (host.Facts is not { } facts || host.State is not { } state)
            throw new ArgumentException($"{host.Name} was not asked.", nameof(host));
        return new HostFingerprint
        {
            HostName = facts.HostName,
            MachineId = facts.MachineId,
            ProductUuid = facts.ProductUuid,
            Architecture = facts.Architecture,
            Distribution = $"{facts.DistributionId} {facts.DistributionVersion}".Trim(),
            Kernel = facts.Kernel,
            Content = host.Content?.StateDigest ?? "",
            Aliases = Digest(state.HostsFile),
            Plugins = Digest(string.Join('\n', state.PluginRecords.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} {r.Value}"))),
            Kubernetes = state.Kubernetes is { } kubernetes ? Digest(kubernetes.Shown) : null,
        };
    }

    /// <summary>What is otherwise now, as clauses of a sentence.</summary>
    /// <param name="now">The host as it is.</param>
    /// <param name="expected">Parts that the plan itself has begun to change; how they are says nothing.</param>
    public IEnumerable<string> Differences(HostFingerprint now, IReadOnlySet<FingerprintPart> expected)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(expected);
        foreach (var (what, before, after) in new[]
        {
            ("its machine-id", MachineId, now.MachineId),
            ("its product_uuid", ProductUuid, now.ProductUuid),
            ("its host name", HostName, now.HostName),
            ("its architecture", Architecture, now.Architecture),
            ("its distribution", Distribution, now.Distribution),
            ("its kernel", Kernel, now.Kernel),
        })
        {
            if (before != after)
                yield return $"{what} was {Shown(before)} and is {Shown(after)}";
        }

        if (!expected.Contains(FingerprintPart.Content) && Content != now.Content)
            yield return "the image's files there are not as they were";
        if (!expected.Contains(FingerprintPart.Aliases) && Aliases != now.Aliases)
            yield return "/etc/hosts is not as it was";
        if (!expected.Contains(FingerprintPart.Plugins) && Plugins != now.Plugins)
            yield return "plugins were run there meanwhile";
        if (!expected.Contains(FingerprintPart.Kubernetes) && Kubernetes != now.Kubernetes)
            yield return "what there is of Kubernetes is not as it was";
    }

    internal static string Digest(string text) => "sha256:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant();

    private static string Shown(string? value) => string.IsNullOrEmpty(value) ? "none" : $"'{value}'";
}
