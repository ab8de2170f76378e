namespace Sealer.Clusterfiles.Configs;

/// <summary>A file of the rootfs that a host gets otherwise than the image has it.</summary>
/// <param name="Path">In the rootfs, parts separated by <c>/</c>; never outside of it and never through a link.</param>
/// <param name="Mode">Permission bits: the image's, of a new file 0644, and for nobody but the owner where it is secret.</param>
/// <param name="Bytes">Its content; hosts that get the same share one copy.</param>
/// <param name="Reason">What made it, for people: a template's path, a Config's or an application's name.</param>
/// <param name="IsSecret">True where the content holds a secret, so that nobody shows it.</param>
public sealed record RenderedContent(string Path, int Mode, ReadOnlyMemory<byte> Bytes, string Reason, bool IsSecret)
{
    /// <summary>Path and reason, never the content.</summary>
    public override string ToString() => $"{Path} ({Reason})";
}
