namespace Sealer.Clusterfiles.Templates;

/// <summary>Something in a template that deserves a second look.</summary>
/// <param name="Location">Where it is.</param>
/// <param name="Message">What it is.</param>
public sealed record TemplateWarning(SourceLocation Location, string Message)
{
    /// <summary><c>FILE:LINE:COLUMN warning: message</c>.</summary>
    public override string ToString() => $"{Location} warning: {Message}";
}
