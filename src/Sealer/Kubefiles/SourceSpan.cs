namespace Sealer.Kubefiles;

/// <summary>Where something stands in a Kubefile.</summary>
/// <param name="Line">First line, counted from 1.</param>
/// <param name="Column">First column, counted from 1 in UTF-16 characters.</param>
/// <param name="EndLine">Last line; the same as <paramref name="Line"/> where nothing is continued.</param>
public readonly record struct SourceSpan(int Line, int Column, int EndLine)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column}";
}
