namespace Sealer.Runner;

/// <summary>What the command line asks for.</summary>
internal sealed record RunnerArguments
{
    /// <summary>The runbook to run, or null.</summary>
    public string? File { get; init; }

    /// <summary>What the runbook is given, as it was written.</summary>
    public IReadOnlyList<string> FileArguments { get; init; } = [];

    /// <summary>The commands to run, or null.</summary>
    public string? Command { get; init; }

    /// <summary>Nobody is asked, whatever the terminal says.</summary>
    public bool NonInteractive { get; init; }

    public bool ShowHelp { get; init; }

    public bool ShowVersion { get; init; }

    /// <summary>What is wrong with the command line, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>Reads the command line. Words are those of pwsh, so that a line written for it works here.</summary>
    public static RunnerArguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new RunnerArguments();
        for (var i = 0; i < args.Count; i++)
        {
            var word = args[i];
            if (!word.StartsWith('-') || word == "-")
                return parsed with { File = word, FileArguments = [.. args.Skip(i + 1)] };
            switch (word.TrimStart('-').ToLowerInvariant())
            {
                case "file" or "f":
                    return i + 1 < args.Count
                        ? parsed with { File = args[i + 1], FileArguments = [.. args.Skip(i + 2)] }
                        : parsed with { Problem = "-File needs the path of a runbook." };
                case "command" or "c":
                    return i + 1 < args.Count
                        ? parsed with { Command = string.Join(' ', args.Skip(i + 1)) }
                        : parsed with { Problem = "-Command needs commands." };
                case "noninteractive" or "noni":
                    parsed = parsed with { NonInteractive = true };
                    break;
                case "noprofile" or "nop" or "nologo" or "nol":
                    break;
                case "help" or "h" or "?":
                    return parsed with { ShowHelp = true };
                case "version" or "v":
                    return parsed with { ShowVersion = true };
                default:
                    return parsed with { Problem = $"'{word}' is not an option." };
            }
        }

        return parsed with { Problem = "Say what to run: a runbook, or -Command and commands." };
    }
}
