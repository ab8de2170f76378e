using System.Globalization;
using System.Text.RegularExpressions;

namespace Sealer.Kubernetes;

/// <summary>A version of Kubernetes, compared number by number: 1.9 is older than 1.15 and 1.100 newer than 1.23, and a pre-release comes before its release.</summary>
/// <param name="Major">1, so far.</param>
/// <param name="Minor">The release: 20 of v1.20.2.</param>
/// <param name="Patch">2 of v1.20.2.</param>
/// <param name="PreRelease"><c>rc.1</c> of v1.36.0-rc.1; empty of a release.</param>
/// <param name="Build">What stands behind <c>+</c>, which says nothing of what is newer; mostly empty.</param>
public sealed partial record KubernetesVersion(int Major, int Minor, int Patch, string PreRelease = "", string Build = "") : IComparable<KubernetesVersion>
{
    /// <summary>The version without the patch, as people speak of it: <c>1.20</c>.</summary>
    public string Release => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Reads <c>v1.20.2</c> or <c>1.20.2</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidKubernetesVersion</c>.</exception>
    public static KubernetesVersion Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text) ?? throw new SealerException(
            "InvalidKubernetesVersion", ErrorKind.InvalidInput, $"'{text}' is not a version of Kubernetes. Give all three numbers, as v1.20.2.", text);
    }

    /// <summary>As <see cref="Parse"/>; null where it is none.</summary>
    public static KubernetesVersion? TryParse(string? text)
    {
        var match = Form().Match(text ?? "");
        return match.Success && Number(match, 1) is { } major && Number(match, 2) is { } minor && Number(match, 3) is { } patch
            ? new KubernetesVersion(major, minor, patch, match.Groups[4].Value, match.Groups[5].Value)
            : null;
    }

    /// <summary>True from a release on, its pre-releases included, which have its features already.</summary>
    public bool IsAtLeast(int major, int minor) => (Major, Minor).CompareTo((major, minor)) >= 0;

    /// <inheritdoc/>
    public int CompareTo(KubernetesVersion? other)
    {
        if (other is null)
            return 1;
        var numbers = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        return numbers != 0 ? numbers : ComparePreRelease(PreRelease, other.PreRelease);
    }

    /// <summary>Older.</summary>
    public static bool operator <(KubernetesVersion left, KubernetesVersion right) => Compare(left, right) < 0;

    /// <summary>Newer.</summary>
    public static bool operator >(KubernetesVersion left, KubernetesVersion right) => Compare(left, right) > 0;

    /// <summary>Not newer.</summary>
    public static bool operator <=(KubernetesVersion left, KubernetesVersion right) => Compare(left, right) <= 0;

    /// <summary>Not older.</summary>
    public static bool operator >=(KubernetesVersion left, KubernetesVersion right) => Compare(left, right) >= 0;

    /// <summary>As the tags of images and kubeadm's files write it: <c>v1.20.2</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"v{Major}.{Minor}.{Patch}{(PreRelease.Length > 0 ? "-" : "")}{PreRelease}{(Build.Length > 0 ? "+" : "")}{Build}");

    private static int Compare(KubernetesVersion left, KubernetesVersion right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.CompareTo(right);
    }

    // Semantic versioning, 11.
    private static int ComparePreRelease(string left, string right)
    {
        if (left.Length == 0 || right.Length == 0)
            return right.Length.CompareTo(left.Length);
        var (a, b) = (left.Split('.'), right.Split('.'));
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            var (isLeft, isRight) = (a[i].All(char.IsAsciiDigit), b[i].All(char.IsAsciiDigit));
            var order = isLeft && isRight ? a[i].TrimStart('0').Length != b[i].TrimStart('0').Length
                    ? a[i].TrimStart('0').Length.CompareTo(b[i].TrimStart('0').Length)
                    : string.CompareOrdinal(a[i].TrimStart('0'), b[i].TrimStart('0'))
                : isLeft != isRight ? (isLeft ? -1 : 1)
                : string.CompareOrdinal(a[i], b[i]);
            if (order != 0)
                return order;
        }

        return a.Length.CompareTo(b.Length);
    }

    private static int? Number(Match match, int group) =>
        int.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"\Av?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
