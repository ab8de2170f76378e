namespace Sealer.Clusterfiles.Templates;

/// <summary>A part of a template that is carried out.</summary>
internal abstract record Statement(TemplatePlace Place);

internal sealed record TextStatement(TemplatePlace Place, string Text) : Statement(Place);

/// <summary><c>{{ pipeline }}</c>; prints unless it declares or assigns.</summary>
internal sealed record ActionStatement(TemplatePlace Place, Pipeline Pipeline) : Statement(Place);

internal sealed record IfStatement(TemplatePlace Place, Pipeline Condition, IReadOnlyList<Statement> Then, IReadOnlyList<Statement> Else) : Statement(Place);

internal sealed record WithStatement(TemplatePlace Place, Pipeline Value, IReadOnlyList<Statement> Then, IReadOnlyList<Statement> Else) : Statement(Place);

internal sealed record RangeStatement(TemplatePlace Place, Pipeline Over, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else) : Statement(Place);

internal sealed record BreakStatement(TemplatePlace Place) : Statement(Place);

internal sealed record ContinueStatement(TemplatePlace Place) : Statement(Place);

/// <summary><c>{{ template "name" pipeline }}</c>, and the place of a <c>block</c>.</summary>
internal sealed record CallStatement(TemplatePlace Place, string Name, Pipeline? Argument) : Statement(Place);

/// <summary>Commands, each given the value of the one before as its last argument.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Variables">What is declared or assigned, at most two.</param>
/// <param name="Assigns">True for <c>=</c>, false for <c>:=</c>.</param>
/// <param name="Commands">At least one.</param>
internal sealed record Pipeline(TemplatePlace Place, IReadOnlyList<string> Variables, bool Assigns, IReadOnlyList<Command> Commands);

/// <summary>A function with its arguments, or a value alone.</summary>
internal sealed record Command(TemplatePlace Place, IReadOnlyList<Operand> Words);

internal abstract record Operand(TemplatePlace Place);

internal sealed record DotOperand(TemplatePlace Place) : Operand(Place);

internal sealed record NilOperand(TemplatePlace Place) : Operand(Place);

/// <summary>Text, a number or a truth value.</summary>
internal sealed record LiteralOperand(TemplatePlace Place, object Value) : Operand(Place);

/// <summary><c>.A.B</c></summary>
internal sealed record FieldOperand(TemplatePlace Place, IReadOnlyList<string> Names) : Operand(Place);

/// <summary><c>$x</c> or <c>$x.A.B</c></summary>
internal sealed record VariableOperand(TemplatePlace Place, string Name, IReadOnlyList<string> Fields) : Operand(Place);

internal sealed record FunctionOperand(TemplatePlace Place, string Name) : Operand(Place);

/// <summary><c>(pipeline)</c> or <c>(pipeline).A.B</c></summary>
internal sealed record PipelineOperand(TemplatePlace Place, Pipeline Pipeline, IReadOnlyList<string> Fields) : Operand(Place);
