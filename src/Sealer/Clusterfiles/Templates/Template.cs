namespace Sealer.Clusterfiles.Templates;

/// <summary>
/// A <c>.tmpl</c> file: Go's template language (fields, variables, if, else, range, with, define, block, pipelines, trim
/// markers, comments), its functions, those of sealer and the usual ones of helm. What is not known is an error with its
/// place. Safe for concurrent use.
/// </summary>
public sealed class Template
{
    /// <summary>Characters that a template may have.</summary>
    private const int MaxLength = 16 * 1024 * 1024;

    private readonly IReadOnlyList<Statement> _body;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<Statement>> _templates;

    private Template(string name, IReadOnlyList<Statement> body, IReadOnlyDictionary<string, IReadOnlyList<Statement>> templates)
    {
        Name = name;
        _body = body;
        _templates = templates;
    }

    /// <summary>The name that messages begin with.</summary>
    public string Name { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="name">The name that messages begin with, usually the file's path.</param>
    /// <exception cref="SealerException"><c>InvalidTemplate</c>: with file, line and column.</exception>
    public static Template Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            if (text.Length > MaxLength)
                throw new TemplateError(new TemplatePlace(1, 1), $"the template has more than {MaxLength / 1024 / 1024} Mi characters");
            var parser = new TemplateParser(new TemplateLexer(text).Lex(), TemplateFunctions.Names);
            var body = parser.Parse();
            return new Template(name, body, parser.Templates);
        }
        catch (TemplateError e)
        {
            throw new SealerException("InvalidTemplate", ErrorKind.InvalidInput, $"{name}:{e.Place.Line}:{e.Place.Column} {e.Message}", name, e);
        }
    }

    /// <summary>Fills the template in.</summary>
    /// <param name="variables">What <c>.NAME</c> stands for.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>TemplateFailed</c>: a value is of the wrong kind, or the template does not end; with file, line and column.</exception>
    public RenderedTemplate Render(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return Render(variables.ToDictionary(pair => pair.Key, pair => (object?)pair.Value, StringComparer.Ordinal), cancellationToken);
    }

    /// <summary>Fills the template in with nested data, as <see cref="GoValues"/> describes it.</summary>
    internal RenderedTemplate Render(IReadOnlyDictionary<string, object?> data, CancellationToken cancellationToken)
    {
        var evaluator = new TemplateEvaluator(_templates, data, cancellationToken);
        try
        {
            var text = evaluator.Run(_body);
            return new RenderedTemplate(text, [.. evaluator.Missing.Select(missing => Warn(missing, data))]);
        }
        catch (TemplateError e)
        {
            throw new SealerException("TemplateFailed", ErrorKind.InvalidInput, $"{Name}:{e.Place.Line}:{e.Place.Column} {e.Message}", Name, e);
        }
    }

    /// <summary>As above, and the line of the template that each line of the text is of.</summary>
    internal (RenderedTemplate Rendered, IReadOnlyList<int> Lines) RenderWithLines(IReadOnlyDictionary<string, object?> data, CancellationToken cancellationToken)
    {
        var evaluator = new TemplateEvaluator(_templates, data, cancellationToken, tracksOrigins: true);
        try
        {
            var text = evaluator.Run(_body);
            var lines = new List<int>();
            var part = 0;
            var partLine = 1;
            var counted = 0;
            for (var start = 0; start >= 0; start = text.IndexOf('\n', start) is >= 0 and var end ? end + 1 : -1)
            {
                while (part < evaluator.Origins.Count && evaluator.Origins[part].Offset <= start)
                    (partLine, counted) = (evaluator.Origins[part].Line, evaluator.Origins[part++].Offset);
                // On from the line before: a part of a file may be all of it.
                if (part == 0 || evaluator.Origins[part - 1].IsText)
                    partLine += text.AsSpan(counted, start - counted).Count('\n');
                counted = start;
                lines.Add(partLine);
            }

            return (new RenderedTemplate(text, [.. evaluator.Missing.Select(missing => Warn(missing, data))]), lines);
        }
        catch (TemplateError e)
        {
            throw new SealerException("TemplateFailed", ErrorKind.InvalidInput, $"{Name}:{e.Place.Line}:{e.Place.Column} {e.Message}", Name, e);
        }
    }

    private TemplateWarning Warn((TemplatePlace Place, string Name) missing, IReadOnlyDictionary<string, object?> data)
    {
        var what = missing.Name.Length == 0 ? "this" : missing.Name;
        var hint = Reading.Quoting.DidYouMean(missing.Name.TrimStart('.'), data.Keys);
        return new TemplateWarning(new SourceLocation(Name, missing.Place.Line, missing.Place.Column), $"{what} has no value; {GoValues.NoValue} is written{hint}");
    }
}
