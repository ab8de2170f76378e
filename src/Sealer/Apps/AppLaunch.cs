namespace Sealer.Apps;

/// <summary>How an application of an image is started: again where it runs already, which changes what has changed.</summary>
/// <param name="Name">The application's name; of an image's own commands <c>commands</c>.</param>
/// <param name="Type"><c>kube</c>, <c>helm</c>, <c>shell</c>, or null where commands say how.</param>
/// <param name="Script">Text for a shell, in the rootfs on a control plane.</param>
/// <param name="Digest">Of all that it is started from: another one is started again.</param>
/// <param name="IsNetwork">It connects pods: nodes are not ready before it runs.</param>
public sealed record AppLaunch(string Name, string? Type, string Script, string Digest, bool IsNetwork)
{
    /// <summary>Text for a shell that says what the application has in the API, once it was started; null where nobody knows.</summary>
    internal string? Listing { get; init; }
}
