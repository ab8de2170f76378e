using Sealer.Images;

namespace Sealer.Kubefiles;

/// <summary>What a Kubefile is read with: it decides the values of variables.</summary>
public sealed record KubefileParseOptions
{
    /// <summary>The name that diagnostics begin with.</summary>
    public string FileName { get; init; } = "Kubefile";

    /// <summary>Values for ARG, which win over its defaults (<c>-BuildArgument</c>).</summary>
    public IReadOnlyDictionary<string, string> BuildArguments { get; init; } = new Dictionary<string, string>();

    /// <summary>What the image is built for: <c>ARCH</c>, <c>TARGETARCH</c>, <c>TARGETPLATFORM</c> and so on.</summary>
    public Platform TargetPlatform { get; init; } = Platform.Default;

    /// <summary>What the build runs on: <c>BUILDARCH</c>, <c>BUILDPLATFORM</c> and so on.</summary>
    public Platform BuildPlatform { get; init; } = Platform.Default;

    /// <summary>
    /// The environment of the image named by FROM, or null where it is not known yet; then no variable is called undefined.
    /// </summary>
    public IReadOnlyDictionary<string, string>? BaseEnvironment { get; init; }

    /// <summary>
    /// The applications of the image named by FROM, or null where they are not known yet; then names that this file does
    /// not declare are taken to be there.
    /// </summary>
    public IReadOnlyCollection<string>? BaseApplications { get; init; }
}
