using System.Text;
using Sealer.Images;

namespace Sealer.Kubefiles.Syntax;

/// <summary>
/// Which variable has which value at a point of the file: ENV over ARG over what is predefined, with Docker's rule that
/// an ARG above FROM is only seen by FROM until it is declared again.
/// </summary>
internal sealed class VariableScope
{
    // Docker's predefined arguments: given without an ARG, and seen by RUN only.
    private static readonly string[] ProxyNames =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"];

    // More than any system takes as an argument or a variable. Twenty lines of ENV a=$b$b make a megabyte of a letter, and
    // forty as much as no machine has.
    private const int MaxValueLength = 1024 * 1024;

    private readonly IReadOnlyDictionary<string, string> _buildArguments;
    private readonly Dictionary<string, string> _predefined;
    private readonly Dictionary<string, string?> _global = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string?> _arguments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly HashSet<string> _declared = new(StringComparer.Ordinal);
    private readonly DiagnosticBag _diagnostics;
    private bool _afterFrom;
    private bool _complete = true;

    public VariableScope(KubefileParseOptions options, DiagnosticBag diagnostics)
    {
        _buildArguments = options.BuildArguments;
        _diagnostics = diagnostics;
        _predefined = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // sealer's own, which names the target.
            ["ARCH"] = options.TargetPlatform.Architecture,
        };
        AddPlatform("TARGET", options.TargetPlatform);
        AddPlatform("BUILD", options.BuildPlatform);
    }

    /// <summary>Every name that has a meaning here.</summary>
    public IEnumerable<string> Names => _arguments.Keys.Concat(_environment.Keys).Concat(_predefined.Keys);

    /// <summary>True where a variable was used that only the image named by FROM could define, and that image is not known.</summary>
    public bool UsedUnknown { get; private set; }

    /// <summary>The names declared by ARG, wherever.</summary>
    public IReadOnlySet<string> Declared => _declared;

    /// <summary>Begins the part below FROM.</summary>
    /// <param name="baseEnvironment">The environment of the image, or null where it is not known.</param>
    public void EnterStage(IReadOnlyDictionary<string, string>? baseEnvironment)
    {
        _afterFrom = true;
        _complete = baseEnvironment is not null;
        foreach (var (name, value) in baseEnvironment ?? new Dictionary<string, string>())
            _environment[name] = value;
    }

    /// <summary>Declares an ARG and tells its value.</summary>
    public string? Declare(string name, string? @default)
    {
        _declared.Add(name);
        string? value;
        if (_buildArguments.TryGetValue(name, out var given))
            value = given;
        else if (name == "ARCH")
            value = _predefined[name];
        else if (@default is not null)
            value = @default;
        else if (_afterFrom && _global.TryGetValue(name, out var global) && global is not null)
            value = global;
        else
            value = _predefined.GetValueOrDefault(name);
        if (_afterFrom)
            _arguments[name] = value;
        else
            _global[name] = value;
        return value;
    }

    public void SetEnvironment(string name, string value) => _environment[name] = value;

    /// <summary>What RUN sees besides the environment.</summary>
    public IReadOnlyDictionary<string, string> ForRun()
    {
        var visible = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in ProxyNames)
        {
            if (_buildArguments.TryGetValue(name, out var value))
                visible[name] = value;
        }

        foreach (var (name, value) in _arguments)
        {
            if (value is not null)
                visible[name] = value;
        }

        return visible;
    }

    /// <summary>Build arguments that no ARG asks for.</summary>
    public IEnumerable<string> Unused() => _buildArguments.Keys
        .Where(name => !_declared.Contains(name) && !_predefined.ContainsKey(name) && !ProxyNames.Contains(name))
        .Order(StringComparer.Ordinal);

    /// <summary>The value of a declared ARG, or null.</summary>
    public string? Argument(string name) => _arguments.GetValueOrDefault(name) ?? _global.GetValueOrDefault(name);

    /// <summary>The word with its variables replaced.</summary>
    public string Evaluate(WordSyntax word)
    {
        if (word.Parts is [LiteralPart only])
            return only.Text;
        var text = new StringBuilder();
        foreach (var part in word.Parts)
        {
            text.Append(part switch
            {
                LiteralPart literal => literal.Text,
                VariablePart variable => Evaluate(variable),
                _ => "",
            });
            if (text.Length <= MaxValueLength || part is LiteralPart)
                continue;
            _diagnostics.Error(word.Span, $"its variables make this longer than {MaxValueLength} characters");
            return "";
        }

        return text.ToString();
    }

    private string Evaluate(VariablePart variable)
    {
        var value = Find(variable.Name);
        var isSet = value is not null && !(variable.EmptyIsUnset && value.Length == 0);
        var operand = variable.Operand is null ? "" : Evaluate(variable.Operand);
        UsedUnknown |= value is null && !_complete;
        switch (variable.Operator)
        {
            case '-':
                return isSet ? value! : operand;
            case '+':
                return isSet ? operand : "";
            case '?' when !isSet && _complete:
                var problem = operand.Length > 0 ? operand : "it must have a value";
                _diagnostics.Error(variable.Span, $"the variable '{variable.Name}' is not set: {problem}");
                return "";
        }

        if (value is null && _complete)
            WarnUndefined(variable);
        return value ?? "";
    }

    private void WarnUndefined(VariablePart variable)
    {
        var name = variable.Name;
        if (_arguments.ContainsKey(name) || (!_afterFrom && _global.ContainsKey(name)))
            _diagnostics.Warning(variable.Span, $"the argument '{name}' has no value; give it a default, or a value with -BuildArgument {name}=...");
        else if (_afterFrom && _global.ContainsKey(name))
            _diagnostics.Warning(variable.Span, $"the argument '{name}' is declared above FROM and not seen here; repeat 'ARG {name}' below FROM");
        else
            _diagnostics.Warning(variable.Span, $"the variable '{name}' is not defined and stands for nothing{Spelling.DidYouMean(name, Names.Concat(_global.Keys))}");
    }

    private string? Find(string name)
    {
        if (!_afterFrom)
            return _global.TryGetValue(name, out var global) ? global : _predefined.GetValueOrDefault(name);
        if (_environment.TryGetValue(name, out var environment))
            return environment;
        return _arguments.TryGetValue(name, out var argument) ? argument : Predefined(name);
    }

    // ARCH can be given on the command line without being declared, as TARGETARCH and its kin in Docker.
    private string? Predefined(string name) =>
        _predefined.TryGetValue(name, out var value)
            ? _buildArguments.GetValueOrDefault(name) ?? value
            : null;

    private void AddPlatform(string prefix, Platform platform)
    {
        _predefined[prefix + "PLATFORM"] = platform.ToString();
        _predefined[prefix + "OS"] = platform.Os;
        _predefined[prefix + "ARCH"] = platform.Architecture;
        _predefined[prefix + "VARIANT"] = platform.Variant ?? "";
    }
}
