using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Sealer.Images;

/// <summary>
/// The name of an image, normalised as Docker does: <c>nginx</c> is <c>docker.io/library/nginx:latest</c>. A reference
/// by digest needs no tag.
/// </summary>
public sealed partial record ImageReference
{
    /// <summary>The domain of a name that gives none.</summary>
    public const string DefaultDomain = "docker.io";

    /// <summary>The tag of a name that gives neither tag nor digest.</summary>
    public const string DefaultTag = "latest";

    private const int MaxNameLength = 255;

    private ImageReference(string domain, string repository, string? tag, Digest? digest)
    {
        Domain = domain;
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>The registry: host and, where given, port.</summary>
    public string Domain { get; }

    /// <summary>The path in the registry, without the domain.</summary>
    public string Repository { get; }

    /// <summary>The tag, or null where only a digest is given.</summary>
    public string? Tag { get; private init; }

    /// <summary>The digest, or null.</summary>
    public Digest? Digest { get; private init; }

    /// <summary>Domain and repository.</summary>
    public string Name => $"{Domain}/{Repository}";

    /// <summary>Reads and normalises a reference.</summary>
    /// <exception cref="SealerException"><c>InvalidImageReference</c>, with what is wrong with it.</exception>
    public static ImageReference Parse(string? text) => TryParse(text, out var reference, out var reason)
        ? reference
        : throw new SealerException(
            "InvalidImageReference",
            ErrorKind.InvalidInput,
            $"'{text}' is not an image name: {reason}. Write [registry[:port]/]path[:tag][@sha256:...], for example registry.example.com/skyline:v3.",
            text);

    /// <summary>Reads and normalises a reference; false, and why, where it is not one.</summary>
    public static bool TryParse(
        [NotNullWhen(true)] string? text,
        [NotNullWhen(true)] out ImageReference? reference,
        [NotNullWhen(false)] out string? reason)
    {
        reference = null;
        reason = null;
        if (string.IsNullOrEmpty(text))
        {
            reason = "it is empty";
            return false;
        }

        var rest = text;
        Digest? digest = null;
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!Images.Digest.TryParse(rest[(at + 1)..], out var parsed))
            {
                reason = $"'{rest[(at + 1)..]}' is not a digest";
                return false;
            }

            digest = parsed;
            rest = rest[..at];
        }

        string? tag = null;
        var colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!TagPattern().IsMatch(tag))
            {
                reason = $"'{tag}' is not a tag";
                return false;
            }
        }

        var (domain, repository) = SplitDomain(rest);
        if (!DomainPattern().IsMatch(domain))
            reason = $"'{domain}' is not a registry";
        else if (repository != repository.ToLowerInvariant())
            reason = $"the path '{repository}' must be in lower case";
        else if (!RepositoryPattern().IsMatch(repository))
            reason = $"'{repository}' is not a path";
        else if (domain.Length + 1 + repository.Length > MaxNameLength)
            reason = $"it is longer than {MaxNameLength} characters";
        if (reason is not null)
            return false;

        reference = new ImageReference(domain, repository, tag ?? (digest is null ? DefaultTag : null), digest);
        return true;
    }

    /// <summary>The same name with another tag, and no digest.</summary>
    public ImageReference WithTag(string tag) => Parse($"{Name}:{tag}");

    /// <summary>The same name by digest alone.</summary>
    public ImageReference WithDigest(Digest digest) => this with { Tag = null, Digest = digest };

    /// <inheritdoc/>
    public override string ToString() =>
        Name + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    /// <summary>As users write it: without what Docker's normalisation adds.</summary>
    public string ToFamiliarString()
    {
        var text = ToString();
        const string library = DefaultDomain + "/library/";
        if (text.StartsWith(library, StringComparison.Ordinal))
            return text[library.Length..];
        return text.StartsWith(DefaultDomain + "/", StringComparison.Ordinal) ? text[(DefaultDomain.Length + 1)..] : text;
    }

    private static (string Domain, string Repository) SplitDomain(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var isDomain = first == "localhost"
            || first.Contains('.', StringComparison.Ordinal)
            || first.Contains(':', StringComparison.Ordinal)
            || first != first.ToLowerInvariant();
        var domain = isDomain ? first : DefaultDomain;
        var repository = isDomain ? name[(slash + 1)..] : name;
        if (domain == "index.docker.io")
            domain = DefaultDomain;
        if (domain == DefaultDomain && !repository.Contains('/', StringComparison.Ordinal))
            repository = "library/" + repository;
        return (domain, repository);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\z")]
    private static partial Regex DomainPattern();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryPattern();
}
