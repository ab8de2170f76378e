namespace Sealer.Clusterfiles.Configs;

/// <summary>A file of the rootfs that hosts get otherwise than the image has it.</summary>
/// <param name="Path">In the rootfs, parts separated by <c>/</c>.</param>
/// <param name="Text">Its content, UTF-8.</param>
/// <param name="Origin">What made it last, for people: a template's path, or the Config's name.</param>
public sealed record RootfsChange(string Path, string Text, string Origin);
