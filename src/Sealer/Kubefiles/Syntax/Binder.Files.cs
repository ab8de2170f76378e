using Sealer.Images;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Kubefiles.Syntax;

/// <summary>FROM, COPY, ADD and RUN: what makes files.</summary>
internal sealed partial class Binder
{
    private FromInstruction? BindFrom(Statement statement)
    {
        if (_fromStatement is not null)
        {
            Error(statement.Span, $"only one FROM is allowed, the first one is in line {_fromStatement.Span.Line}; a cluster image has no build stages");
            return null;
        }

        _fromStatement = statement;
        var from = ReadFrom(statement);
        _from = from;

        // What scratch brings is known: nothing. What an image brings is known once it has been looked at.
        _scope.EnterStage(from is { IsScratch: true } ? new Dictionary<string, string>() : _options.BaseEnvironment);
        return from;
    }

    private FromInstruction? ReadFrom(Statement statement)
    {
        var flags = BindFlags(statement, ["platform"]);
        var words = Words.AtBlanks(statement.Body);
        if (words.Count == 0)
        {
            Error(statement.Span, "FROM needs an image, or 'scratch' for nothing");
            return null;
        }

        string? alias = null;
        if (words.Count == 3 && words[1].Value.Equals("as", StringComparison.OrdinalIgnoreCase))
            alias = words[2].Value;
        else if (words.Count > 1 && statement.Flags.All(flag => flag.Value is not null))
            Error(words[1].At(0), $"FROM takes one image; '{words[1]}' is too much");

        Platform? platform = null;
        if (flags.TryGetValue("platform", out var platformText))
        {
            try
            {
                platform = Platform.Parse(platformText);
            }
            catch (SealerException e)
            {
                Error(FlagSpan(statement, "platform"), e.Message);
            }
        }

        var image = Evaluate(words[0]);
        ImageReference? reference = null;
        if (image != FromInstruction.Scratch && !ImageReference.TryParse(image, out reference, out var reason))
        {
            Error(words[0].At(0), image.Length == 0
                ? $"FROM needs an image; '{words[0]}' has no value"
                : $"'{image}' is not an image name: {reason}");
            return null;
        }

        return new FromInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Image = image,
            Reference = reference,
            Platform = platform,
            Alias = alias,
        };
    }

    private CopyInstruction? BindCopy(Statement statement)
    {
        var flags = BindFlags(statement, ["chown", "chmod"], ["from", "link", "parents", "exclude"]);
        if (ReadSourcesAndDestination(statement) is not var (sources, destination))
            return null;
        foreach (var source in sources.Where(source => source.IsUrl))
            Error(source.Span, $"COPY takes files of the context; write ADD {source.Path} ... to download");
        return new CopyInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Sources = sources,
            Destination = destination,
            Chown = flags.GetValueOrDefault("chown"),
            Chmod = ReadMode(statement, flags),
        };
    }

    private AddInstruction? BindAdd(Statement statement)
    {
        var flags = BindFlags(statement, ["chown", "chmod", "checksum"], ["link", "keep-git-dir", "exclude", "unpack"]);
        if (ReadSourcesAndDestination(statement) is not var (sources, destination))
            return null;

        foreach (var source in sources)
        {
            if (source.Path.StartsWith("git@", StringComparison.Ordinal)
                || source.Path.StartsWith("git://", StringComparison.Ordinal)
                || (source.IsUrl && source.Path.Split('#')[0].EndsWith(".git", StringComparison.Ordinal)))
            {
                Error(source.Span, "ADD of a Git repository is not supported; clone it into the context first");
            }
        }

        Digest? checksum = null;
        if (flags.TryGetValue("checksum", out var checksumText))
        {
            if (Digest.TryParse(checksumText, out var digest))
                checksum = digest;
            else
                Error(FlagSpan(statement, "checksum"), $"'{checksumText}' is not a checksum; write --checksum=sha256:<64 hexadecimal digits>");
            if (sources is not [{ IsUrl: true }])
                Error(FlagSpan(statement, "checksum"), "--checksum needs exactly one source, and that a http(s) address");
        }

        return new AddInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Sources = sources,
            Destination = destination,
            Chown = flags.GetValueOrDefault("chown"),
            Chmod = ReadMode(statement, flags),
            Checksum = checksum,
        };
    }

    private (IReadOnlyList<CopySource> Sources, string Destination)? ReadSourcesAndDestination(Statement statement)
    {
        var words = Words.Json(statement.Body.Value, out var onlyStrings) is { } json
            ? json.ConvertAll(word => SourceText.Of(word, statement.Body.At(0)))
            : Words.AtBlanks(statement.Body);
        if (!onlyStrings)
        {
            Error(statement.Body.At(0), $"the JSON form of {statement.Keyword} takes strings only");
            return null;
        }

        var looksLikeJson = statement.Body.Value.StartsWith("[\"", StringComparison.Ordinal) && words.Count > 0 && words[0].Value.StartsWith('[');
        if (words.Find(HasOpenQuote) is { } open)
        {
            // Docker cuts at blanks first, and then misses the quote's end.
            Error(looksLikeJson ? statement.Body.At(0) : open.At(0), looksLikeJson
                ? $"this looks like the JSON form and is not valid JSON: {statement.Keyword} [\"source\", \"destination\"]"
                : $"a name with blanks needs the JSON form: {statement.Keyword} [\"source name\", \"destination\"]");
            return null;
        }

        if (looksLikeJson)
            _diagnostics.Warning(statement.Body.At(0), "this looks like the JSON form and is not valid JSON; it is taken as words");

        // sealer 0.3 was used with this short form.
        if (words is [var single] && Vocabulary.RootfsFolders.Contains(single.Value.TrimEnd('/')))
        {
            _diagnostics.Warning(single.At(0), $"{statement.Keyword} has no destination; taken as '{statement.Keyword} {single} {single}'");
            words.Add(single);
        }

        if (words.Count < 2)
        {
            Error(statement.Span, $"{statement.Keyword} needs at least one source and a destination");
            return null;
        }

        var sources = new List<CopySource>();
        foreach (var word in words.SkipLast(1))
        {
            if (statement.Heredocs.FirstOrDefault(h => h.Marker.Value == word.Value) is { } heredoc)
            {
                var content = heredoc.Expand
                    ? _scope.Evaluate(WordParser.ParseHeredoc(heredoc.Content, _diagnostics))
                    : heredoc.Content.Value;
                sources.Add(new CopySource(word.At(0), heredoc.Name, content));
                continue;
            }

            var path = Evaluate(word);
            if (path.Length == 0 && !_scope.UsedUnknown)
                Error(word.At(0), $"the source '{word}' has no value");
            sources.Add(new CopySource(word.At(0), path));
        }

        var destination = Evaluate(words[^1]);
        if (destination.Length == 0 && !_scope.UsedUnknown)
            Error(words[^1].At(0), $"the destination '{words[^1]}' has no value; write . for the rootfs itself");
        if (PathPattern.Clean(destination.TrimStart('/')) is ".." or ['.', '.', '/', ..])
            Error(words[^1].At(0), $"the destination '{destination}' leads out of the rootfs");
        return (sources, destination);
    }

    private bool HasOpenQuote(SourceText word) =>
        word.Value.AsSpan().ContainsAny('"', '\'') && Words.EndOfWord(word.Value + " ", 0, _file.Escape) > word.Length;

    private int? ReadMode(Statement statement, Dictionary<string, string> flags)
    {
        if (!flags.TryGetValue("chmod", out var text))
            return null;
        var digits = text.StartsWith("0o", StringComparison.Ordinal) ? text[2..] : text;
        if (digits.Length is > 0 and <= 5 && digits.All(c => c is >= '0' and <= '7'))
        {
            var mode = Convert.ToInt32(digits, 8);
            if (mode <= 0b111_111_111_111)
                return mode;
        }

        Error(FlagSpan(statement, "chmod"), $"'{text}' is not a mode; write octal digits, for example --chmod=0755");
        return null;
    }

    private RunInstruction? BindRun(Statement statement)
    {
        var flags = BindFlags(statement, ["network"], ["mount", "security", "device"]);
        if (statement.Body.Length == 0)
        {
            Error(statement.Span, "RUN needs a command");
            return null;
        }

        if (flags.TryGetValue("network", out var network) && network is not ("default" or "none" or "host"))
            Error(FlagSpan(statement, "network"), $"'{network}' is not a network{Spelling.DidYouMean(network, ["default", "none", "host"])}; there are default, none and host");

        var arguments = Words.Json(statement.Body.Value, out var onlyStrings);
        if (!onlyStrings)
            Error(statement.Body.At(0), "the JSON form of RUN takes strings only");
        else if (arguments is [])
            Error(statement.Body.At(0), "RUN needs a command");
        else if (arguments is null && statement.Body.Value.StartsWith("[\"", StringComparison.Ordinal))
            _diagnostics.Warning(statement.Body.At(0), "this looks like the JSON form and is not valid JSON; it is run as shell text");

        var (command, isScript) = arguments is null ? ShellText(statement) : (null, false);
        return new RunInstruction
        {
            Keyword = statement.Keyword,
            Span = statement.Span,
            Text = statement.Text,
            Command = command,
            Arguments = arguments,
            IsScript = isScript,
            Network = network,
            BuildArguments = _scope.ForRun(),
        };
    }

    // A heredoc alone is the script itself; otherwise the shell reads the heredocs behind its command, as Docker has it.
    private static (string Text, bool IsScript) ShellText(Statement statement)
    {
        if (statement.Heredocs is [var only] && only.Marker.Value == statement.Body.Value)
            return (only.Content.Value, only.Content.Value.StartsWith("#!", StringComparison.Ordinal));
        if (statement.Heredocs.Count == 0)
            return (statement.Body.Value, false);
        var text = new System.Text.StringBuilder(statement.Body.Value).Append('\n');
        foreach (var heredoc in statement.Heredocs)
            text.Append(heredoc.Content.Value).Append(heredoc.Name).Append('\n');
        return (text.ToString(), false);
    }
}
