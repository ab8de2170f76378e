namespace Sealer.Kubefiles.Syntax;

/// <summary>A word taken apart: quotes and escapes are gone, variables are nodes.</summary>
/// <param name="Span">Where it begins.</param>
/// <param name="Parts">In order.</param>
internal sealed record WordSyntax(SourceSpan Span, IReadOnlyList<WordPart> Parts);

/// <summary>A part of a word.</summary>
internal abstract record WordPart;

/// <summary>Text that stands for itself.</summary>
internal sealed record LiteralPart(string Text) : WordPart;

/// <summary><c>$name</c>, <c>${name}</c>, or <c>${name:-word}</c> and its siblings.</summary>
/// <param name="Span">Of the dollar sign.</param>
/// <param name="Name">The variable.</param>
/// <param name="Operator"><c>-</c>, <c>+</c>, <c>?</c>, or NUL where there is none.</param>
/// <param name="EmptyIsUnset">True where a colon precedes the operator.</param>
/// <param name="Operand">What is behind the operator.</param>
internal sealed record VariablePart(SourceSpan Span, string Name, char Operator, bool EmptyIsUnset, WordSyntax? Operand) : WordPart;
