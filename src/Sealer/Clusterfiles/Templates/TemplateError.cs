namespace Sealer.Clusterfiles.Templates;

/// <summary>A place in a template.</summary>
internal readonly record struct TemplatePlace(int Line, int Column);

/// <summary>Thrown by the parts of the engine; <see cref="Template"/> makes a <see cref="SealerException"/> of it.</summary>
internal sealed class TemplateError(TemplatePlace place, string message) : Exception(message)
{
    public TemplatePlace Place { get; } = place;
}
