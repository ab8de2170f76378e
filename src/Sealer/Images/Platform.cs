using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Sealer.Images;

/// <summary>An operating system and processor, <c>os/architecture[/variant]</c>, in OCI's (Go's) words.</summary>
public sealed record Platform
{
    /// <summary>For example <c>amd64</c>, <c>arm64</c>, <c>arm</c>.</summary>
    [JsonPropertyName("architecture")]
    public required string Architecture { get; init; }

    /// <summary>For example <c>linux</c>.</summary>
    [JsonPropertyName("os")]
    public required string Os { get; init; }

    /// <summary>For example <c>10.0.20348.2340</c>; Windows images carry it.</summary>
    [JsonPropertyName("os.version")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OsVersion { get; init; }

    /// <summary>For example <c>v7</c> of arm; null where there is none.</summary>
    [JsonPropertyName("variant")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    /// <summary>Linux on this machine's processor: what a cluster image is built for unless told otherwise.</summary>
    [JsonIgnore]
    public static Platform Default { get; } = new()
    {
        Os = "linux",
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.X86 => "386",
            System.Runtime.InteropServices.Architecture.Arm => "arm",
            var other => other.ToString().ToLowerInvariant(),
        },
    };

    // Go's, which are OCI's; unknown/unknown is what attestations say.
    private static string[] OperatingSystems { get; } =
        ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos", "aix", "android", "ios", "js", "plan9", "wasip1", "zos", "unknown"];

    private static string[] Architectures { get; } =
        ["amd64", "arm64", "arm", "386", "loong64", "ppc64le", "ppc64", "riscv64", "s390x", "mips", "mipsle", "mips64", "mips64le", "sparc64", "wasm", "unknown"];

    /// <summary>Reads <c>os/architecture[/variant]</c>; the usual synonyms (<c>x86_64</c>, <c>aarch64</c>) are understood.</summary>
    /// <exception cref="SealerException"><c>InvalidPlatform</c>: not of that form.</exception>
    public static Platform Parse(string text)
    {
        var parts = text.Trim().ToLowerInvariant().Split('/');
        if (parts.Length is < 2 or > 3 || parts.Any(string.IsNullOrWhiteSpace))
        {
            throw new SealerException(
                "InvalidPlatform",
                ErrorKind.InvalidInput,
                $"'{text}' is not a platform. Write os/architecture[/variant], for example linux/amd64 or linux/arm/v7.",
                text);
        }

        var (architecture, impliedVariant) = parts[1] switch
        {
            "x86_64" or "x86-64" => ("amd64", null),
            "i386" => ("386", null),
            "aarch64" => ("arm64", null),
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            var name => (name, (string?)null),
        };
        Require(parts[0], OperatingSystems, "operating system", text);
        Require(architecture, Architectures, "architecture", text);
        return new Platform { Os = parts[0], Architecture = architecture, Variant = parts.Length == 3 ? parts[2] : impliedVariant };
    }

    // A word that nobody knows would make an image that runs nowhere.
    private static void Require(string word, string[] known, string what, string text)
    {
        if (!known.Contains(word, StringComparer.Ordinal))
        {
            throw new SealerException(
                "InvalidPlatform",
                ErrorKind.InvalidInput,
                $"'{text}' is not a platform: '{word}' is no {what}{Spelling.DidYouMean(word, known)}. Write os/architecture[/variant], for example linux/amd64 or linux/arm/v7.",
                text);
        }
    }

    /// <summary>
    /// True where content for <paramref name="offered"/> runs on this platform: same os and architecture, and the same
    /// variant where this platform names one (arm64 has only v8, named or not).
    /// </summary>
    public bool Accepts(Platform? offered) =>
        offered is not null
        && offered.Os == Os
        && offered.Architecture == Architecture
        && (Variant is null || Architecture == "arm64" || offered.Variant is null || offered.Variant == Variant);

    /// <inheritdoc/>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}
