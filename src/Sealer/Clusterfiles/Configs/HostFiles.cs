using Sealer.Clusterfiles.Templates;

namespace Sealer.Clusterfiles.Configs;

/// <summary>The files of one host that differ from the image's.</summary>
/// <param name="Files">By path (ordinal).</param>
/// <param name="Warnings">What deserves a second look: variables without a value.</param>
public sealed record HostFiles(IReadOnlyList<RenderedContent> Files, IReadOnlyList<TemplateWarning> Warnings);
