using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>Where the cluster's nodes fetch images: from a registry on the control planes, or from one that is there already.</summary>
/// <param name="Local">The one that is delivered with the cluster, or null.</param>
/// <param name="External">The one that is there already, or null. Where both are given, the variables <c>Registry*</c> name this one.</param>
public sealed record RegistrySpec(LocalRegistrySpec? Local, ExternalRegistrySpec? External)
{
    /// <summary>Domain and port of the registry that nodes fetch from.</summary>
    public string Endpoint => External?.Endpoint ?? Local?.Endpoint ?? "";

    /// <summary>Domain and port of the registry that nodes fetch from.</summary>
    public override string ToString() => Endpoint;

    // An address of IPv6 is told from its port by brackets.
    internal static string Join(string domain, int port) => domain.Contains(':', StringComparison.Ordinal) ? $"[{domain}]:{port}" : $"{domain}:{port}";
}

/// <summary>The registry that is delivered with the cluster (<c>localRegistry</c>).</summary>
public sealed record LocalRegistrySpec
{
    /// <summary>The name nodes know it by unless told otherwise.</summary>
    public const string DefaultDomain = "sea.hub";

    /// <summary>Its port unless told otherwise.</summary>
    public const int DefaultPort = 5000;

    /// <summary>The name nodes know it by.</summary>
    public string Domain { get; init; } = DefaultDomain;

    /// <summary>Its port.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Who may use it; null: everybody.</summary>
    public string? UserName { get; init; }

    /// <summary>The user's password; null: everybody may use it.</summary>
    public Secret? Password { get; init; }

    /// <summary>True: on every control plane; false: on the first one only.</summary>
    public bool IsHighlyAvailable { get; init; } = true;

    /// <summary>True: plain HTTP, no certificate.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>More names in its certificate.</summary>
    public IReadOnlyList<string> CertificateHostNames { get; init => field = Listed.Of(value); } = [];

    /// <summary>Addresses in its certificate (as addresses; sealer writes them as names).</summary>
    public IReadOnlyList<IPAddress> CertificateAddresses { get; init => field = Listed.Of(value); } = [];

    /// <summary>Domain and port.</summary>
    public string Endpoint => RegistrySpec.Join(Domain, Port);
}

/// <summary>A registry that is there already (<c>externalRegistry</c>).</summary>
public sealed record ExternalRegistrySpec
{
    /// <summary>Its name or address.</summary>
    public required string Domain { get; init; }

    /// <summary>Its port; null: that of HTTPS.</summary>
    public int? Port { get; init; }

    /// <summary>Who logs in; null: nobody.</summary>
    public string? UserName { get; init; }

    /// <summary>The user's password, or null.</summary>
    public Secret? Password { get; init; }

    /// <summary>Domain and port.</summary>
    public string Endpoint => Port is { } port ? RegistrySpec.Join(Domain, port) : Domain;
}
