namespace Sealer.Clusterfiles.Templates;

internal enum TokenKind
{
    Text,
    Open,
    Close,
    Space,
    Identifier,
    Field,
    Dot,
    Variable,
    String,
    Number,
    Character,
    Pipe,
    Declare,
    Assign,
    Comma,
    LeftParenthesis,
    RightParenthesis,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Value">Its text: of a string what it stands for, of a field its name without the dot, of a variable its name with the sign.</param>
/// <param name="Place">Where it begins.</param>
internal readonly record struct Token(TokenKind Kind, string Value, TemplatePlace Place);
