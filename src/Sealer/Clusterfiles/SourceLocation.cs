namespace Sealer.Clusterfiles;

/// <summary>A place in a file.</summary>
/// <param name="File">The file's name as the user knows it.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Column">Counted from 1 in UTF-16 characters.</param>
public sealed record SourceLocation(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}";
}
