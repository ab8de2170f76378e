namespace Sealer.Images.Verifying;

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Good to know.</summary>
    Information,

    /// <summary>It can be used, but somebody should look at it.</summary>
    Warning,

    /// <summary>The image is broken or is not what it says it is.</summary>
    Error,
}

/// <summary>Something that a verification found.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Id">Stable identifier in PascalCase, for example <c>DigestMismatch</c>.</param>
/// <param name="Message">A whole sentence.</param>
/// <param name="Platform">The platform whose image it is about, or null where it is about the index.</param>
/// <param name="Subject">The digest, container image or application that it is about.</param>
public sealed record VerificationFinding(FindingSeverity Severity, string Id, string Message, Platform? Platform, string Subject)
{
    /// <summary>A whole sentence, harmless to print.</summary>
    public string Message { get; } = PlainText.Of(Message);

    /// <summary>The digest, container image or application that it is about; harmless to print.</summary>
    public string Subject { get; } = PlainText.Of(Subject);

    /// <inheritdoc/>
    public override string ToString() => $"{Severity}: {Message}";
}
