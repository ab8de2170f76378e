using System.Globalization;
using System.Text;

namespace Sealer.Clusterfiles.Templates;

/// <summary>Carries a template out. What it may use is bounded, whatever the template says.</summary>
internal sealed class TemplateEvaluator(
    IReadOnlyDictionary<string, IReadOnlyList<Statement>> templates, object? root, CancellationToken cancellationToken, bool tracksOrigins = false)
{
    private const int MaxSteps = 20_000_000;
    private const int MaxOutput = 64 * 1024 * 1024;
    private const int MaxCalls = 50;
    private const int MaxDepth = 200;

    /// <summary>Characters of one value, or of all arguments of a call.</summary>
    private const int MaxValue = 16 * 1024 * 1024;
    private const int CharactersAStep = 16;

    private readonly StringBuilder _output = new();
    private readonly List<(int Offset, int Line, bool IsText)> _origins = [];
    private readonly List<(string Name, object? Value)> _variables = [("$", root)];
    private readonly HashSet<(TemplatePlace Place, string Name)> _missing = [];
    private int _steps;
    private int _nextCheck;
    private int _calls;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Values that were printed and are not there.</summary>
    public IReadOnlyCollection<(TemplatePlace Place, string Name)> Missing => _missing;

    /// <summary>Where each part of the output begins, and the line of the template it is of; text goes on line by line.</summary>
    public IReadOnlyList<(int Offset, int Line, bool IsText)> Origins => _origins;

    public string Run(IReadOnlyList<Statement> body)
    {
        Run(body, root);
        return _output.ToString();
    }

    private Flow Run(IReadOnlyList<Statement> body, object? dot)
    {
        foreach (var statement in body)
        {
            Step(statement.Place);
            var flow = Run(statement, dot);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, object? dot)
    {
        switch (statement)
        {
            case TextStatement text:
                Write(text.Place, text.Text, isText: true);
                return Flow.Next;
            case ActionStatement action:
                var printed = Evaluate(action.Pipeline, dot);
                if (action.Pipeline.Variables.Count > 0)
                    return Flow.Next;
                if (printed is null)
                    _missing.Add((action.Place, NameOf(action.Pipeline)));
                Charge(action.Place, [printed]);
                Write(action.Place, GoValues.Print(printed));
                return Flow.Next;
            case IfStatement branch:
                return Scoped(() =>
                {
                    var isTrue = GoValues.IsTrue(Evaluate(branch.Condition, dot));
                    return Run(isTrue ? branch.Then : branch.Else, dot);
                });
            case WithStatement with:
                return Scoped(() =>
                {
                    var value = Evaluate(with.Value, dot);
                    return GoValues.IsTrue(value) ? Run(with.Then, value) : Run(with.Else, dot);
                });
            case RangeStatement range:
                return Scoped(() => RunRange(range, dot));
            case CallStatement call:
                RunCall(call, dot);
                return Flow.Next;
            default:
                return statement is BreakStatement ? Flow.Break : Flow.Continue;
        }
    }

    private Flow Scoped(Func<Flow> run)
    {
        var count = _variables.Count;
        var flow = run();
        _variables.RemoveRange(count, _variables.Count - count);
        return flow;
    }

    private Flow RunRange(RangeStatement range, object? dot)
    {
        var over = Evaluate(range.Over, dot, declares: false);
        IEnumerable<(object? Key, object? Value)> items = over switch
        {
            null => [],
            IReadOnlyList<object?> list => list.Select((item, i) => ((object?)(long)i, item)),
            IReadOnlyDictionary<string, object?> map => map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => ((object?)pair.Key, pair.Value)),
            long count => Count(count),
            _ => throw new TemplateError(range.Over.Place, $"range goes over lists and maps, not over {GoValues.KindOf(over)}"),
        };
        var ran = false;
        var names = range.Over.Variables;
        foreach (var (key, value) in items)
        {
            ran = true;
            Step(range.Place);
            var count = _variables.Count;
            for (var i = 0; i < names.Count; i++)
            {
                var item = i == 1 || names.Count == 1 ? value : key;
                if (range.Over.Assigns)
                    Assign(names[i], item);
                else
                    _variables.Add((names[i], item));
            }

            var flow = Run(range.Body, value);
            _variables.RemoveRange(count, _variables.Count - count);
            if (flow == Flow.Break)
                break;
        }

        return ran ? Flow.Next : Run(range.Else, dot);

        static IEnumerable<(object? Key, object? Value)> Count(long count)
        {
            for (long i = 0; i < count; i++)
                yield return (i, i);
        }
    }

    private void RunCall(CallStatement call, object? dot)
    {
        if (!templates.TryGetValue(call.Name, out var body))
            throw new TemplateError(call.Place, $"there is no template {Reading.Quoting.Quote(call.Name)}{Reading.Quoting.DidYouMean(call.Name, templates.Keys)}");
        if (++_calls > MaxCalls)
            throw new TemplateError(call.Place, $"templates call each other more than {MaxCalls} times deep");
        var argument = call.Argument is null ? null : Evaluate(call.Argument, dot);
        var outer = _variables.ToList();
        _variables.Clear();
        _variables.Add(("$", argument));
        Run(body, argument);
        _variables.Clear();
        _variables.AddRange(outer);
        _calls--;
    }

    private object? Evaluate(Pipeline pipeline, object? dot, bool declares = true)
    {
        object? value = null;
        for (var i = 0; i < pipeline.Commands.Count; i++)
            value = Evaluate(pipeline.Commands[i], dot, value, hasPrevious: i > 0);
        if (!declares)
            return value;
        foreach (var name in pipeline.Variables)
        {
            if (pipeline.Assigns)
                Assign(name, value);
            else
                _variables.Add((name, value));
        }

        return value;
    }

    private void Assign(string name, object? value) =>
        _variables[_variables.FindLastIndex(variable => variable.Name == name)] = (name, value);

    private object? Evaluate(Command command, object? dot, object? previous, bool hasPrevious)
    {
        Step(command.Place);
        var first = command.Words[0];
        if (first is FunctionOperand function)
            return Call(function, command, dot, previous, hasPrevious);
        if (first is NilOperand)
            throw new TemplateError(first.Place, "nil alone is no value to print");
        if (command.Words.Count > 1 || hasPrevious)
            throw new TemplateError(first.Place, "only a function takes arguments, and this is a value");
        return Evaluate(first, dot);
    }

    private object? Evaluate(Operand operand, object? dot)
    {
        switch (operand)
        {
            case DotOperand:
                return dot;
            case NilOperand:
                return null;
            case LiteralOperand literal:
                return literal.Value;
            case FieldOperand field:
                return Fields(field.Place, dot, field.Names);
            case VariableOperand variable:
                return Fields(variable.Place, _variables[_variables.FindLastIndex(v => v.Name == variable.Name)].Value, variable.Fields);
            case PipelineOperand pipeline:
                return Fields(pipeline.Place, Scoped(pipeline.Pipeline, dot), pipeline.Fields);
            case FunctionOperand function:
                return Call(function, new Command(function.Place, [function]), dot, null, hasPrevious: false);
            default:
                throw new InvalidOperationException(operand.GetType().Name);
        }
    }

    private object? Scoped(Pipeline pipeline, object? dot)
    {
        Step(pipeline.Place);
        return Evaluate(pipeline, dot);
    }

    private static object? Fields(TemplatePlace place, object? value, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            value = value switch
            {
                null => null,
                IReadOnlyDictionary<string, object?> map => map.GetValueOrDefault(name),
                _ => throw new TemplateError(place, $"{GoValues.KindOf(value)} has no field {Reading.Quoting.Quote(name)}"),
            };
        }

        return value;
    }

    private object? Call(FunctionOperand function, Command command, object? dot, object? previous, bool hasPrevious)
    {
        if (function.Name is "and" or "or")
            return AndOr(function, command, dot, previous, hasPrevious);
        var values = new List<object?>(command.Words.Count);
        for (var i = 1; i < command.Words.Count; i++)
            values.Add(Evaluate(command.Words[i], dot));
        if (hasPrevious)
            values.Add(previous);
        Charge(function.Place, values);
        try
        {
            return TemplateFunctions.Call(function.Name, values);
        }
        catch (FunctionError e)
        {
            throw new TemplateError(function.Place, $"{function.Name}: {e.Message}");
        }
    }

    private object? AndOr(FunctionOperand function, Command command, object? dot, object? previous, bool hasPrevious)
    {
        object? value = null;
        var count = command.Words.Count - 1 + (hasPrevious ? 1 : 0);
        if (count == 0)
            throw new TemplateError(function.Place, $"{function.Name}: takes at least 1 argument, not 0");
        for (var i = 1; i <= count; i++)
        {
            value = i < command.Words.Count ? Evaluate(command.Words[i], dot) : previous;
            if (GoValues.IsTrue(value) == (function.Name == "or"))
                return value;
        }

        return value;
    }

    private void Write(TemplatePlace place, string text, bool isText = false)
    {
        if (_output.Length + (long)text.Length > MaxOutput)
            throw new TemplateError(place, $"the template writes more than {MaxOutput / 1024 / 1024} Mi characters");
        if (tracksOrigins)
            _origins.Add((_output.Length, place.Line, isText));
        _output.Append(text);
    }

    /// <summary>
    /// Large values take as many steps as they take time, and none may be larger than all: text that is put together of
    /// itself again and again, and lists of themselves, end soon.
    /// </summary>
    private void Charge(TemplatePlace place, IReadOnlyList<object?> values)
    {
        var weight = 0L;
        foreach (var value in values)
        {
            weight += GoValues.Weight(value, MaxValue, out var depth);
            // Who prints it goes as deep, on the thread's stack.
            if (depth > MaxDepth)
                throw new TemplateError(place, $"a value is nested more than {MaxDepth} levels deep");
        }

        if (weight > MaxValue)
            throw new TemplateError(place, $"a value has more than {MaxValue / 1024 / 1024} Mi characters");
        Step(place, 1 + (int)(weight / CharactersAStep));
    }

    private void Step(TemplatePlace place, int count = 1)
    {
        _steps += count;
        if (_steps > MaxSteps)
            throw new TemplateError(place, string.Create(CultureInfo.InvariantCulture, $"the template takes more than {MaxSteps:N0} steps"));
        if (_steps < _nextCheck)
            return;
        _nextCheck = _steps + 1024;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static string NameOf(Pipeline pipeline) => pipeline.Commands is [{ Words: [FieldOperand field] }] ? "." + string.Join('.', field.Names) : "";
}
