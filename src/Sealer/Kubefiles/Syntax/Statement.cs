namespace Sealer.Kubefiles.Syntax;

/// <summary>A whole file, taken apart into statements.</summary>
/// <param name="Escape">The escape character: backslash, or the backtick where a directive says so.</param>
/// <param name="Statements">In order.</param>
internal sealed record StatementFile(char Escape, IReadOnlyList<Statement> Statements);

/// <summary>One logical line: continued lines joined, comments gone, heredocs attached.</summary>
/// <param name="Keyword">The first word, in upper case.</param>
/// <param name="Span">From the first word to the last line, heredocs included.</param>
/// <param name="Flags">The <c>--name=value</c> words behind the keyword.</param>
/// <param name="Body">What follows, trimmed.</param>
/// <param name="Heredocs">In the order of their markers.</param>
/// <param name="Text">As it stands in the file, lines joined by LF.</param>
internal sealed record Statement(
    string Keyword,
    SourceSpan Span,
    IReadOnlyList<StatementFlag> Flags,
    SourceText Body,
    IReadOnlyList<HeredocSyntax> Heredocs,
    string Text);

/// <summary>A builder flag, <c>--name=value</c> or <c>--name</c>.</summary>
/// <param name="Span">Of the two dashes.</param>
/// <param name="Name">Without the dashes.</param>
/// <param name="Value">What is behind the <c>=</c>, or null.</param>
internal sealed record StatementFlag(SourceSpan Span, string Name, SourceText? Value);

/// <summary>The body of <c>&lt;&lt;NAME</c>.</summary>
/// <param name="Marker">The word in the line, with its signs and quotes.</param>
/// <param name="Name">What ends it.</param>
/// <param name="Expand">False where the name is quoted: the content stays as it is.</param>
/// <param name="Content">The lines, each with LF; leading tabs are gone where the marker is <c>&lt;&lt;-</c>.</param>
internal sealed record HeredocSyntax(SourceText Marker, string Name, bool Expand, SourceText Content);
