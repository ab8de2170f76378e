using System.Text.RegularExpressions;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Kubefiles.Syntax;

/// <summary>ARG, ENV, LABEL, MAINTAINER and KUBEVERSION: what sets values.</summary>
internal sealed partial class Binder
{
    private ArgInstruction? BindArg(Statement statement)
    {
        BindFlags(statement, []);
        var words = QuotedWords(statement.Body);
        if (words.Count == 0)
        {
            Error(statement.Span, "ARG needs a name: ARG NAME or ARG NAME=default");
            return null;
        }

        if (_legacy)
            words = words.SelectMany(SplitLegacyArguments).ToList();
        var arguments = new List<BuildArgument>();
        foreach (var word in words)
        {
            var equals = word.Value.IndexOf('=', StringComparison.Ordinal);
            var name = Evaluate(equals < 0 ? word : word.Slice(0, equals));
            if (!VariableName().IsMatch(name))
            {
                Error(word.At(0), $"'{name}' is not the name of a variable; letters, digits and _ make one");
                continue;
            }

            var @default = equals < 0 ? null : Evaluate(word.Slice(equals + 1));
            arguments.Add(new BuildArgument(name, @default, _scope.Declare(name, @default)));
        }

        return new ArgInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Arguments = arguments,
        };
    }

    // sealer 0.7 and 0.8: ARG a=1,b=2. Only where every piece is plainly a name and a simple value.
    private static IEnumerable<SourceText> SplitLegacyArguments(SourceText word)
    {
        if (!LegacyArguments().IsMatch(word.Value))
            return [word];
        var pieces = new List<SourceText>();
        var start = 0;
        foreach (var piece in word.Value.Split(','))
        {
            pieces.Add(word.Slice(start, piece.Length));
            start += piece.Length + 1;
        }

        return pieces;
    }

    private EnvInstruction? BindEnv(Statement statement)
    {
        BindFlags(statement, []);
        if (ReadPairs(statement, statement.Body, allowOldForm: true) is not { } variables)
            return null;

        // All values see the environment from before the instruction: ENV a=1 b=$a gives b the old a.
        foreach (var (name, value) in variables)
            _scope.SetEnvironment(name, value);
        return new EnvInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Variables = variables,
        };
    }

    private LabelInstruction? BindLabel(Statement statement)
    {
        BindFlags(statement, []);
        if (ReadPairs(statement, statement.Body, allowOldForm: true) is not { } labels)
            return null;
        return new LabelInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Labels = labels,
        };
    }

    private MaintainerInstruction? BindMaintainer(Statement statement)
    {
        BindFlags(statement, []);
        if (statement.Body.Length == 0)
        {
            Error(statement.Span, "MAINTAINER needs a name");
            return null;
        }

        return new MaintainerInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Name = statement.Body.Value,
        };
    }

    private KubeVersionInstruction? BindKubeVersion(Statement statement)
    {
        BindFlags(statement, []);
        var expression = Evaluate(statement.Body);
        if (expression.Length == 0)
        {
            Error(statement.Span, "KUBEVERSION needs the versions that the image is for, for example 1.22-1.24");
            return null;
        }

        return new KubeVersionInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Expression = expression,
        };
    }

    // NAME=value..., or Docker's old "NAME the rest of the line", which is one pair.
    private List<KeyValuePair<string, string>>? ReadPairs(Statement statement, SourceText text, bool allowOldForm)
    {
        var words = QuotedWords(text);
        if (words.Count == 0)
        {
            Error(statement.Span, $"{statement.Keyword} needs at least one name=value");
            return null;
        }

        if (allowOldForm && !words[0].Value.Contains('=', StringComparison.Ordinal))
        {
            if (words.Count == 1)
            {
                Error(words[0].At(0), $"{statement.Keyword} needs a value for '{words[0]}': {words[0]}=...");
                return null;
            }

            var rest = text.Slice(words[0].Length).Trim();
            return [new KeyValuePair<string, string>(Evaluate(words[0]), Evaluate(rest))];
        }

        var pairs = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            var equals = word.Value.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && i + 1 < words.Count && words[i + 1].Value.StartsWith('='))
            {
                Error(word.At(0), $"no blank may stand beside the '=' of '{word}'; write {word}=value");
                i += words[i + 1].Length == 1 ? 2 : 1;
                continue;
            }

            if (equals < 0)
            {
                Error(word.At(0), $"'{word}' has no '='; write name=value, and values with blanks in quotes");
                continue;
            }

            var name = Evaluate(word.Slice(0, equals));
            if (name.Length == 0)
                Error(word.At(0), $"there is no name in front of the '=' of '{word}'");
            else
                pairs.Add(new KeyValuePair<string, string>(name, Evaluate(word.Slice(equals + 1))));
        }

        return pairs;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"^[A-Za-z0-9_]+=[^=,'""$\\]*(,[A-Za-z0-9_]+=[^=,'""$\\]*)+\z")]
    private static partial Regex LegacyArguments();
}
