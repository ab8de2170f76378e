namespace Sealer.Clusterfiles.Templates;

/// <summary>Makes the syntax tree of a template; the grammar is that of Go's text/template.</summary>
internal sealed class TemplateParser(List<Token> tokens, IReadOnlyCollection<string> functions)
{
    /// <summary>Blocks and parentheses within each other, so that no template can use up the stack.</summary>
    private const int MaxDepth = 100;
    private const int MaxVariables = 1_000;

    private static readonly string[] Keywords = ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

    private readonly List<string> _variables = ["$"];
    private int _at;
    private int _depth;
    private int _ranges;

    /// <summary>What <c>define</c> and <c>block</c> give names to.</summary>
    public Dictionary<string, IReadOnlyList<Statement>> Templates { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<Statement> Parse()
    {
        var body = ParseBody(out var ended, allowsDefine: true);
        if (ended is { } word)
            throw Error(word, $"there is an '{word.Value}' without a beginning");
        return body;
    }

    /// <summary>Statements up to <c>end</c>, <c>else</c>, or the text's end (null).</summary>
    private List<Statement> ParseBody(out Token? ended, bool allowsDefine = false)
    {
        var result = new List<Statement>();
        while (true)
        {
            var token = tokens[_at++];
            switch (token.Kind)
            {
                case TokenKind.Text:
                    result.Add(new TextStatement(token.Place, token.Value));
                    continue;
                case TokenKind.End:
                    _at--;
                    ended = null;
                    return result;
                default:
                    break;
            }

            SkipSpace();
            var word = tokens[_at];
            if (word is { Kind: TokenKind.Identifier, Value: "end" or "else" })
            {
                _at++;
                ended = word;
                return result;
            }

            if (ParseAction(token, word, allowsDefine) is { } statement)
                result.Add(statement);
        }
    }

    private Statement? ParseAction(Token open, Token word, bool allowsDefine)
    {
        if (word.Kind != TokenKind.Identifier || !Keywords.Contains(word.Value))
        {
            var pipeline = ParsePipeline("an action", TokenKind.Close);
            return new ActionStatement(open.Place, pipeline);
        }

        _at++;
        switch (word.Value)
        {
            case "if" or "with" or "range":
                return ParseControl(open, word.Value);
            case "break" or "continue":
                ExpectClose(word.Value);
                if (_ranges == 0)
                    throw Error(word, $"'{word.Value}' stands outside of a range");
                return word.Value == "break" ? new BreakStatement(word.Place) : new ContinueStatement(word.Place);
            case "template":
                return ParseCall(word);
            case "block":
                return ParseBlock(word);
            default:
                if (!allowsDefine)
                    throw Error(word, "'define' may not stand inside of another action");
                ParseDefine(word);
                return null;
        }
    }

    private Statement ParseControl(Token open, string kind)
    {
        Enter(open);
        var variables = _variables.Count;
        var pipeline = ParsePipeline(kind, TokenKind.Close);
        if (kind == "range")
            _ranges++;
        var then = ParseBody(out var ended);
        if (kind == "range")
            _ranges--;
        IReadOnlyList<Statement> otherwise = [];
        if (ended is null)
            throw Error(open, $"the '{kind}' has no end; write {{{{ end }}}}");
        if (ended.Value.Value == "else")
            otherwise = ParseElse(open, kind);
        else
            ExpectClose("end");
        _variables.RemoveRange(variables, _variables.Count - variables);
        _depth--;
        return kind switch
        {
            "if" => new IfStatement(open.Place, pipeline, then, otherwise),
            "with" => new WithStatement(open.Place, pipeline, then, otherwise),
            _ => new RangeStatement(open.Place, pipeline, then, otherwise),
        };
    }

    // "else if" and "else with" are short for an else that holds nothing but the next one, and share its end.
    private IReadOnlyList<Statement> ParseElse(Token open, string kind)
    {
        SkipSpace();
        var next = tokens[_at];
        if (next.Kind == TokenKind.Identifier && next.Value == kind && kind is "if" or "with")
        {
            _at++;
            return [ParseControl(next, kind)];
        }

        ExpectClose("else");
        var body = ParseBody(out var ended);
        if (ended is null)
            throw Error(open, $"the '{kind}' has no end; write {{{{ end }}}}");
        if (ended.Value.Value == "else")
            throw Error(ended.Value, "there is an 'else' too many");
        ExpectClose("end");
        return body;
    }

    private CallStatement ParseCall(Token word)
    {
        var name = ParseName(word.Value);
        SkipSpace();
        Pipeline? argument = null;
        if (tokens[_at].Kind == TokenKind.Close)
            _at++;
        else
            argument = ParsePipeline("template", TokenKind.Close);
        return new CallStatement(word.Place, name, argument);
    }

    private CallStatement ParseBlock(Token word)
    {
        Enter(word);
        var name = ParseName(word.Value);
        var argument = ParsePipeline("block", TokenKind.Close);
        Define(word, name);
        _depth--;
        return new CallStatement(word.Place, name, argument);
    }

    private void ParseDefine(Token word)
    {
        var name = ParseName(word.Value);
        ExpectClose("define");
        Define(word, name);
    }

    private void Define(Token word, string name)
    {
        var (variables, ranges) = (_variables.ToList(), _ranges);
        _variables.RemoveRange(1, _variables.Count - 1);
        _ranges = 0;
        var body = ParseBody(out var ended);
        if (ended is not { Value: "end" })
            throw Error(ended ?? word, ended is null ? $"the '{word.Value}' has no end; write {{{{ end }}}}" : "there is an 'else' without an 'if'");
        ExpectClose("end");
        // Of templates of one name the last one that is not empty counts.
        if (!Templates.ContainsKey(name) || body.Exists(s => s is not TextStatement { Text: var text } || text.Trim().Length > 0))
            Templates[name] = body;
        _variables.Clear();
        _variables.AddRange(variables);
        _ranges = ranges;
    }

    private string ParseName(string what)
    {
        SkipSpace();
        var name = tokens[_at++];
        return name.Kind == TokenKind.String ? name.Value : throw Error(name, $"'{what}' needs a name in quotes");
    }

    private Pipeline ParsePipeline(string what, TokenKind end)
    {
        SkipSpace();
        var place = tokens[_at].Place;
        var (variables, assigns) = ParseVariables(what);
        var commands = new List<Command>();
        while (true)
        {
            SkipSpace();
            var token = tokens[_at];
            if (token.Kind == end)
            {
                _at++;
                if (commands.Count == 0)
                    throw Error(token, $"{what} needs a value");
                CheckPipeline(commands);
                // A declaration begins behind its own value.
                if (!assigns)
                    _variables.AddRange(variables);
                if (_variables.Count > MaxVariables)
                    throw Error(token, $"there are more than {MaxVariables} variables");
                return new Pipeline(place, variables, assigns, commands);
            }

            commands.Add(ParseCommand(end));
        }
    }

    private (IReadOnlyList<string> Variables, bool Assigns) ParseVariables(string what)
    {
        var start = _at;
        if (tokens[_at].Kind != TokenKind.Variable)
            return ([], false);
        var names = new List<string> { tokens[_at++].Value };
        SkipSpace();
        if (what == "range" && tokens[_at].Kind == TokenKind.Comma)
        {
            _at++;
            SkipSpace();
            if (tokens[_at].Kind != TokenKind.Variable)
                throw Error(tokens[_at], "a second variable must follow the ','");
            names.Add(tokens[_at++].Value);
            SkipSpace();
        }

        var sign = tokens[_at];
        if (sign.Kind is not (TokenKind.Declare or TokenKind.Assign))
        {
            if (names.Count > 1)
                throw Error(sign, "':=' must follow the variables");
            _at = start;
            return ([], false);
        }

        _at++;
        if (sign.Kind == TokenKind.Assign)
        {
            foreach (var name in names)
                CheckVariable(tokens[start], name);
        }

        return (names, sign.Kind == TokenKind.Assign);
    }

    private static void CheckPipeline(List<Command> commands)
    {
        for (var i = 1; i < commands.Count; i++)
        {
            if (commands[i].Words[0] is LiteralOperand or DotOperand or NilOperand)
                throw new TemplateError(commands[i].Place, "a value cannot stand behind a '|', only a function");
        }
    }

    private Command ParseCommand(TokenKind end)
    {
        var words = new List<Operand>();
        var place = tokens[_at].Place;
        while (true)
        {
            SkipSpace();
            var token = tokens[_at];
            if (token.Kind == TokenKind.Pipe)
            {
                _at++;
                SkipSpace();
                if (tokens[_at].Kind == end)
                    throw Error(tokens[_at], "a function must follow the '|'");
                break;
            }

            if (token.Kind == end)
                break;
            words.Add(ParseOperand());
            if (tokens[_at].Kind is not (TokenKind.Space or TokenKind.Pipe) && tokens[_at].Kind != end)
                throw Error(tokens[_at], $"'{tokens[_at].Value}' has no place here; put a blank between values");
        }

        return words.Count > 0 ? new Command(place, words) : throw new TemplateError(place, "there is no value beside the '|'");
    }

    private Operand ParseOperand()
    {
        var operand = ParseTerm();
        var fields = new List<string>();
        while (tokens[_at].Kind == TokenKind.Field)
            fields.Add(tokens[_at++].Value);
        if (fields.Count == 0)
            return operand;
        return operand switch
        {
            FieldOperand field => field with { Names = [.. field.Names, .. fields] },
            VariableOperand variable => variable with { Fields = fields },
            PipelineOperand pipeline => pipeline with { Fields = fields },
            FunctionOperand function => new PipelineOperand(
                function.Place, new Pipeline(function.Place, [], false, [new Command(function.Place, [function])]), fields),
            _ => throw new TemplateError(operand.Place, "a value that is written out has no fields"),
        };
    }

    private Operand ParseTerm()
    {
        var token = tokens[_at++];
        switch (token.Kind)
        {
            case TokenKind.Identifier when token.Value is "true" or "false":
                return new LiteralOperand(token.Place, token.Value == "true");
            case TokenKind.Identifier when token.Value == "nil":
                return new NilOperand(token.Place);
            case TokenKind.Identifier when functions.Contains(token.Value):
                return new FunctionOperand(token.Place, token.Value);
            case TokenKind.Identifier:
                throw Error(token, Keywords.Contains(token.Value)
                    ? $"'{token.Value}' must stand at the beginning of its action"
                    : $"{Reading.Quoting.Quote(token.Value)} is not a function of templates{Reading.Quoting.DidYouMean(token.Value, functions)}");
            case TokenKind.Dot:
                return new DotOperand(token.Place);
            case TokenKind.Field:
                return new FieldOperand(token.Place, [token.Value]);
            case TokenKind.Variable:
                CheckVariable(token, token.Value);
                return new VariableOperand(token.Place, token.Value, []);
            case TokenKind.String:
                return new LiteralOperand(token.Place, token.Value);
            case TokenKind.Character:
                var runes = token.Value.EnumerateRunes().ToList();
                return runes.Count == 1 ? new LiteralOperand(token.Place, (long)runes[0].Value) : throw Error(token, "one character must stand in '...'; text stands in \"...\"");
            case TokenKind.Number:
                return new LiteralOperand(token.Place, GoNumber.Parse(token.Value) ?? throw Error(token, $"'{token.Value}' is not a number"));
            case TokenKind.LeftParenthesis:
                Enter(token);
                var pipeline = ParsePipeline("a '('", TokenKind.RightParenthesis);
                _depth--;
                return new PipelineOperand(token.Place, pipeline, []);
            default:
                throw Error(token, $"'{token.Value}' has no place here");
        }
    }

    private void CheckVariable(Token token, string name)
    {
        if (!_variables.Contains(name))
            throw Error(token, $"the variable {Reading.Quoting.Quote(name)} is not declared{Reading.Quoting.DidYouMean(name, _variables)}; write {{{{ {name} := ... }}}} first");
    }

    private void Enter(Token at)
    {
        if (++_depth > MaxDepth)
            throw Error(at, $"the template is nested more than {MaxDepth} levels deep");
    }

    private void SkipSpace()
    {
        while (tokens[_at].Kind == TokenKind.Space)
            _at++;
    }

    private void ExpectClose(string what)
    {
        SkipSpace();
        var token = tokens[_at++];
        if (token.Kind != TokenKind.Close)
            throw Error(token, $"nothing may follow '{what}' but }}}}");
    }

    private static TemplateError Error(Token token, string message) => new(token.Place, message);
}
