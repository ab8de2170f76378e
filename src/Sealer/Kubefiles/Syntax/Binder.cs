using Sealer.Kubefiles.Instructions;

namespace Sealer.Kubefiles.Syntax;

/// <summary>Statements to typed instructions: the rules of each instruction, and of their order.</summary>
internal sealed partial class Binder
{
    private readonly StatementFile _file;
    private readonly KubefileParseOptions _options;
    private readonly DiagnosticBag _diagnostics;
    private readonly VariableScope _scope;
    private readonly bool _legacy;
    private readonly List<KubefileInstruction> _instructions = [];
    private readonly Dictionary<string, AppInstruction> _applications = new(StringComparer.Ordinal);
    private FromInstruction? _from;
    private Statement? _fromStatement;
    private Statement? _aboveFrom;
    private Statement? _closing;
    private Statement? _belowClosing;
    private Statement? _firstCmd;

    public Binder(StatementFile file, KubefileParseOptions options, DiagnosticBag diagnostics)
    {
        _file = file;
        _options = options;
        _diagnostics = diagnostics;
        _scope = new VariableScope(options, diagnostics);
        _legacy = file.Statements.All(statement => Vocabulary.Legacy.Contains(statement.Keyword));
    }

    /// <summary>See <see cref="KubefileParseResult.IsComplete"/>.</summary>
    public bool IsComplete => !_scope.UsedUnknown;

    public IReadOnlyList<KubefileInstruction> Bind()
    {
        foreach (var statement in _file.Statements)
        {
            CheckOrder(statement);
            if (BindOne(statement) is { } instruction)
                _instructions.Add(instruction);
        }

        TellOrder();
        foreach (var name in _scope.Unused())
        {
            _diagnostics.Warning(
                new SourceSpan(1, 1, 1),
                $"the build argument '{name}' is not declared by any ARG{Spelling.DidYouMean(name, _scope.Declared)}");
        }

        return _instructions;
    }

    private KubefileInstruction? BindOne(Statement statement) => statement.Keyword switch
    {
        "FROM" => BindFrom(statement),
        "COPY" => BindCopy(statement),
        "ADD" => BindAdd(statement),
        "ARG" => BindArg(statement),
        "ENV" => BindEnv(statement),
        "LABEL" => BindLabel(statement),
        "MAINTAINER" => BindMaintainer(statement),
        "RUN" => BindRun(statement),
        "APP" => BindApp(statement, AppKind.App),
        "CNI" => BindApp(statement, AppKind.Cni),
        "CSI" => BindApp(statement, AppKind.Csi),
        "APPENV" => BindAppEnv(statement),
        "APPCMDS" => BindAppCmds(statement),
        "KUBEVERSION" => BindKubeVersion(statement),
        "LAUNCH" => BindLaunch(statement),
        "CMDS" => BindCmds(statement),
        "CMD" => BindCmd(statement),
        _ => Unknown(statement),
    };

    private KubefileInstruction? Unknown(Statement statement)
    {
        Error(statement.Span, Vocabulary.Unsupported.TryGetValue(statement.Keyword, out var instead)
            ? $"{statement.Keyword} has no meaning in a cluster image: {instead}"
            : $"'{statement.Text[..statement.Keyword.Length]}' is not an instruction{Spelling.DidYouMean(statement.Keyword, Vocabulary.Instructions)}");
        return null;
    }

    private void CheckOrder(Statement statement)
    {
        if (_fromStatement is null && statement.Keyword is not ("FROM" or "ARG") && Vocabulary.Instructions.Contains(statement.Keyword))
            _aboveFrom ??= statement;
        if (_closing is not null && statement.Keyword is not ("LAUNCH" or "CMDS"))
            _belowClosing = statement;

        switch (statement.Keyword)
        {
            case "LAUNCH" or "CMDS" when _closing is not null:
                Error(statement.Span, _closing.Keyword == statement.Keyword
                    ? $"only one {statement.Keyword} is allowed; the first one is in line {_closing.Span.Line}"
                    : $"LAUNCH and CMDS exclude each other; the {_closing.Keyword} is in line {_closing.Span.Line}");
                break;
            case "LAUNCH" or "CMDS":
                _closing = statement;
                if (statement.Keyword == "LAUNCH" && _firstCmd is not null)
                    Error(statement.Span, $"LAUNCH and CMD exclude each other; the CMD is in line {_firstCmd.Span.Line}");
                break;
            case "CMD":
                _firstCmd ??= statement;
                break;
        }
    }

    // One misplaced line is one mistake, however many stand on the wrong side of it.
    private void TellOrder()
    {
        if (_fromStatement is not null && _aboveFrom is not null)
            Error(_aboveFrom.Span, $"{_aboveFrom.Keyword} stands above FROM; only ARG may: move FROM from line {_fromStatement.Span.Line} to above this one");

        // A FROM that was misspelt is told as that.
        if (_fromStatement is null && !_file.Statements.Any(statement => Spelling.Nearest(statement.Keyword, Vocabulary.Instructions) == "FROM"))
            Error(_file.Statements.Count > 0 ? _file.Statements[0].Span : new SourceSpan(1, 1, 1), "there is no FROM; begin with 'FROM scratch' or 'FROM <image>'");
        if (_closing is not null && _belowClosing is not null)
            Error(_closing.Span, $"{_closing.Keyword} must be the last instruction; move it below line {_belowClosing.Span.EndLine}");
    }

    // The words behind the flags that an instruction knows; other flags are errors at their place.
    private Dictionary<string, string> BindFlags(Statement statement, string[] known, string[]? dockerOnly = null)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var flag in statement.Flags)
        {
            if (dockerOnly?.Contains(flag.Name) == true)
                Error(flag.Span, $"--{flag.Name} is not supported in {statement.Keyword}{WhyNot(flag.Name)}");
            else if (!known.Contains(flag.Name))
                Error(flag.Span, $"{statement.Keyword} has no flag '--{flag.Name}'{Spelling.DidYouMean("--" + flag.Name, known.Select(name => "--" + name))}");
            else if (flag.Value is null || flag.Value.Length == 0)
                Error(flag.Span, $"--{flag.Name} needs a value: --{flag.Name}=...");
            else if (!flags.TryAdd(flag.Name, Evaluate(flag.Value)))
                Error(flag.Span, $"--{flag.Name} is given twice");
        }

        return flags;
    }

    private static string WhyNot(string flag) => flag switch
    {
        "from" => ": a Kubefile has one FROM; copy from the context, or build on the other image",
        "exclude" => "; write the pattern into .containerignore",
        "link" or "parents" or "keep-git-dir" => "; leave it away",
        "mount" => "; COPY what the command needs, and remove it in the same command",
        _ => "; leave it away",
    };

    private SourceSpan FlagSpan(Statement statement, string name) =>
        statement.Flags.First(flag => flag.Name == name).Span;

    private string Evaluate(SourceText word) => _scope.Evaluate(WordParser.Parse(word, _file.Escape, _diagnostics));

    private List<SourceText> QuotedWords(SourceText text) => Words.Quoted(text, _file.Escape);

    private void Error(SourceSpan span, string message) => _diagnostics.Error(span, message);
}
