namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>Something a scan could not make sense of, and that a user may want to look at.</summary>
/// <param name="File">The file, as in <see cref="FoundImage.File"/>.</param>
/// <param name="Line">Counted from 1; 0 where it concerns the whole file.</param>
/// <param name="Column">Counted from 1; 0 where it is not known.</param>
/// <param name="Message">A whole sentence, without the place.</param>
public sealed record ScanWarning(string File, int Line, int Column, string Message)
{
    /// <summary>A whole sentence, without the place, harmless to print.</summary>
    public string Message { get; } = PlainText.Of(Message);

    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? $"{File}: {Message}"
        : Column == 0 ? $"{File}:{Line}: {Message}"
        : $"{File}:{Line}:{Column}: {Message}";
}
