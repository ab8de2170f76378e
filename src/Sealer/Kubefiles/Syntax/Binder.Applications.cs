using System.Text.RegularExpressions;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Kubefiles.Syntax;

/// <summary>APP, CNI, CSI, APPENV, APPCMDS, LAUNCH, CMDS and CMD: applications and what is started.</summary>
internal sealed partial class Binder
{
    private const string LocalScheme = "local://";

    private AppInstruction? BindApp(Statement statement, AppKind kind)
    {
        BindFlags(statement, []);
        var words = QuotedWords(statement.Body);
        if (words.Count == 0)
        {
            Error(statement.Span, $"{statement.Keyword} needs a name and at least one source: {statement.Keyword} NAME local://path");
            return null;
        }

        var name = Evaluate(words[0]);
        if (!ApplicationName().IsMatch(name))
        {
            Error(words[0].At(0), name.Contains("://", StringComparison.Ordinal)
                ? $"{statement.Keyword} needs a name in front of its sources: {statement.Keyword} NAME {name}"
                : $"'{name}' cannot be the name of an application; it names a folder: letters, digits, '.', '_' and '-', beginning with a letter or digit");
            return null;
        }

        if (words.Count == 1)
            Error(words[0].At(0), $"{statement.Keyword} '{name}' needs at least one source: local://path, http://... or https://...");
        var sources = words.Skip(1).Select(ReadAppSource).OfType<AppSource>().ToList();
        var app = new AppInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Kind = kind,
            Name = name,
            Sources = sources,
        };
        if (_applications.TryAdd(name, app))
            return app;
        Error(words[0].At(0), $"the application '{name}' is declared already, in line {_applications[name].Span.Line}; give all its sources there");
        return null;
    }

    private AppSource? ReadAppSource(SourceText word)
    {
        var text = Evaluate(word);
        if (text.StartsWith(LocalScheme, StringComparison.OrdinalIgnoreCase))
        {
            var path = text[LocalScheme.Length..];
            if (path.Length > 0)
                return new AppSource(word.At(0), path, IsRemote: false);
            Error(word.At(0), "there is no path behind local://");
            return null;
        }

        if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out _))
                return new AppSource(word.At(0), text, IsRemote: true);
            Error(word.At(0), $"'{text}' is not a valid address");
            return null;
        }

        var colon = text.IndexOf("://", StringComparison.Ordinal);
        Error(word.At(0), colon < 0
            ? $"the source '{text}' must begin with local://, http:// or https://; did you mean '{LocalScheme}{text}'?"
            : $"the source '{text}' must begin with local://, http:// or https://{Spelling.DidYouMean(text[..colon], ["local", "http", "https"])}");
        return null;
    }

    private AppEnvInstruction? BindAppEnv(Statement statement)
    {
        BindFlags(statement, []);
        var words = QuotedWords(statement.Body);
        if (words.Count == 0)
        {
            Error(statement.Span, "APPENV needs an application and at least one name=value");
            return null;
        }

        var name = ReadApplicationName(words[0]);
        var rest = statement.Body.Slice(words[0].Length).Trim();
        if (ReadPairs(statement, rest, allowOldForm: false) is not { } variables || name is null)
            return null;
        return new AppEnvInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Name = name,
            Variables = variables,
        };
    }

    private AppCmdsInstruction? BindAppCmds(Statement statement)
    {
        BindFlags(statement, []);
        var words = QuotedWords(statement.Body);
        if (words.Count == 0)
        {
            Error(statement.Span, "APPCMDS needs an application and its commands: APPCMDS NAME [\"command\", ...]");
            return null;
        }

        var name = ReadApplicationName(words[0]);
        var rest = statement.Body.Slice(words[0].Length).Trim();
        var commands = Words.Json(rest.Value, out var onlyStrings);
        if (commands is not { Count: > 0 } || !onlyStrings)
        {
            Error(rest.Length > 0 ? rest.At(0) : statement.Span, $"the commands of APPCMDS are a JSON array of strings in double quotes: APPCMDS {words[0]} [\"command\", ...]");
            return null;
        }

        if (name is null)
            return null;
        return new AppCmdsInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Name = name,
            Commands = commands,
        };
    }

    private LaunchInstruction? BindLaunch(Statement statement)
    {
        BindFlags(statement, []);
        var words = QuotedWords(statement.Body);
        if (IsArray(statement, out var array))
        {
            if (array is null)
                return null;
            words = array.ConvertAll(word => SourceText.Of(word, statement.Body.At(0)));
        }

        if (words.Count == 0)
        {
            Error(statement.Span, "LAUNCH needs the names of applications: LAUNCH NAME... or LAUNCH [\"NAME\", ...]");
            return null;
        }

        var names = words.Select(ReadApplicationName).OfType<string>().ToList();
        return new LaunchInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Names = names,
        };
    }

    private string? ReadApplicationName(SourceText word)
    {
        var name = Evaluate(word);
        if (_applications.ContainsKey(name))
            return name;
        var inherited = _from is { IsScratch: true } ? [] : _options.BaseApplications;
        if (inherited is null || inherited.Contains(name))
            return name;
        var known = _applications.Keys.Concat(inherited).ToList();
        var there = known.Count == 0 ? "; no APP is declared" : $"; there are {string.Join(", ", known.Order(StringComparer.Ordinal))}";
        var nearest = Spelling.DidYouMean(name, known);
        Error(word.At(0), $"there is no application '{name}' above this line{(nearest.Length > 0 ? nearest : there)}");
        return null;
    }

    private CmdsInstruction? BindCmds(Statement statement)
    {
        BindFlags(statement, []);
        if (ReadCommands(statement, "CMDS") is not { } commands)
            return null;
        return new CmdsInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Commands = commands,
        };
    }

    private CmdInstruction? BindCmd(Statement statement)
    {
        BindFlags(statement, []);
        _diagnostics.Warning(statement.Span, "CMD is deprecated; write CMDS [\"command\", ...] as the last instruction");
        if (ReadCommands(statement, "CMD") is not { } commands)
            return null;
        return new CmdInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Commands = commands,
        };
    }

    private List<string>? ReadCommands(Statement statement, string keyword)
    {
        if (!IsArray(statement, out var commands))
            commands = _legacy ? SplitLegacyCommand(statement) : [statement.Body.Value];
        else if (commands is null)
            return null;
        commands.RemoveAll(string.IsNullOrWhiteSpace);
        if (commands.Count > 0)
            return commands;
        Error(statement.Span, $"{keyword} needs at least one command: {keyword} [\"command\", ...]");
        return null;
    }

    // Text that begins with [ and ends with ] is meant as an array; [ -f x ] && y is not. What is wrong with an array is
    // reported here, and the words are null.
    private bool IsArray(Statement statement, out List<string>? words)
    {
        var text = statement.Body.Value;
        words = Words.Json(text, out var onlyStrings);
        if (words is null && !(text.StartsWith('[') && text.EndsWith(']')))
            return false;
        if (words is null)
            Error(statement.Body.At(0), $"this is not a JSON array; strings stand in double quotes: {statement.Keyword} [\"...\", \"...\"]");
        else if (!onlyStrings)
            Error(statement.Body.At(0), $"the JSON form of {statement.Keyword} takes strings only");
        if (!onlyStrings)
            words = null;
        return true;
    }

    // sealer 0.3 to 0.8 ended a command at every comma. That broke every --set a=1,b=2, so the comma must be outside quotes
    // and followed by a blank; and ARGs were replaced in the text.
    private List<string> SplitLegacyCommand(Statement statement)
    {
        var text = LegacyVariable().Replace(
            statement.Body.Value,
            match => _scope.Declared.Contains(match.Groups["name"].Value)
                ? _scope.Argument(match.Groups["name"].Value) ?? ""
                : match.Value);
        var commands = new List<string>();
        var quote = '\0';
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (quote == '\0' && text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (text[i] == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && text[i] == ',' && i + 1 < text.Length && char.IsWhiteSpace(text[i + 1]))
            {
                commands.Add(text[start..i].Trim());
                start = i + 1;
            }
        }

        commands.Add(text[start..].Trim());
        if (commands.Count > 1)
            _diagnostics.Warning(statement.Span, $"the commas end commands here, as in sealer 0.3 to 0.8: {commands.Count} commands; write CMDS [\"...\", \"...\"] to be plain");
        return commands;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z")]
    private static partial Regex ApplicationName();

    [GeneratedRegex(@"\$(?:\{(?<name>[A-Za-z0-9_]+)\}|(?<name>[A-Za-z0-9_]+))")]
    private static partial Regex LegacyVariable();
}
