namespace Sealer.Clusterfiles.Templates;

/// <summary>What came of a template.</summary>
/// <param name="Text">The text.</param>
/// <param name="Warnings">Variables that have no value and were written as <c>&lt;no value&gt;</c>, as Go does.</param>
public sealed record RenderedTemplate(string Text, IReadOnlyList<TemplateWarning> Warnings);
