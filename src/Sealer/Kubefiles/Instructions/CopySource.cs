namespace Sealer.Kubefiles.Instructions;

/// <summary>A source of COPY or ADD.</summary>
/// <param name="Span">Where it stands.</param>
/// <param name="Path">A path or pattern in the context, a URL, or the name of the heredoc.</param>
/// <param name="Content">The content of a heredoc, else null.</param>
public sealed record CopySource(SourceSpan Span, string Path, string? Content = null)
{
    /// <summary>True of http and https addresses, which ADD downloads.</summary>
    public bool IsUrl => Content is null
        && (Path.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || Path.StartsWith("https://", StringComparison.OrdinalIgnoreCase));
}
