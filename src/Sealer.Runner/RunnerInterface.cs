using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Sealer.Runner;

/// <summary>Output with the prefixes that PowerShell's users know, and questions where somebody is there to answer.</summary>
internal sealed class RunnerInterface : PSHostUserInterface, IHostUISupportsMultipleChoiceSelection
{
    private const string SecretHint =
        "Without a terminal, pass [pscredential]::new('user', [Net.NetworkCredential]::new('', $env:PASSWORD).SecurePassword), with the secret from the environment or a file.";

    private readonly RunnerTerminal _terminal;

    public RunnerInterface(RunnerTerminal terminal)
    {
        _terminal = terminal;
        RawUI = new RunnerRawInterface(terminal);
    }

    public override PSHostRawUserInterface RawUI { get; }

    /// <summary>True when all that is still to be shown is the error that ended the runbook.</summary>
    public bool ShowsError { get; set; }

    public override bool SupportsVirtualTerminal => _terminal.HasColours;

    public override void Write(string value) => _terminal.Write(value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
    {
        var colours = (foregroundColor == RawUI.ForegroundColor ? "" : PSStyle.MapForegroundColorToEscapeSequence(foregroundColor))
            + (backgroundColor == RawUI.BackgroundColor ? "" : PSStyle.MapBackgroundColorToEscapeSequence(backgroundColor));
        _terminal.Write(Coloured(colours, value));
    }

    public override void WriteLine(string value)
    {
        if (ShowsError)
            WriteErrorLine(value);
        else
            _terminal.Write(value + "\n");
    }

    public override void WriteErrorLine(string value) =>
        _terminal.WriteError(Coloured(value.Contains('\e', StringComparison.Ordinal) ? "" : PSStyle.Instance.Formatting.Error, value) + "\n");

    public override void WriteWarningLine(string message) =>
        _terminal.WriteError(Coloured(PSStyle.Instance.Formatting.Warning, "WARNING: " + message) + "\n");

    public override void WriteVerboseLine(string message) =>
        _terminal.WriteError(Coloured(PSStyle.Instance.Formatting.Verbose, "VERBOSE: " + message) + "\n");

    public override void WriteDebugLine(string message) =>
        _terminal.WriteError(Coloured(PSStyle.Instance.Formatting.Debug, "DEBUG: " + message) + "\n");

    public override void WriteProgress(long sourceId, ProgressRecord record) => _terminal.ShowProgress(sourceId, record);

    public override string ReadLine()
    {
        RequireSomebody("to type what the runbook asks for", "Give it on the command line or in the runbook.");
        return _terminal.ReadLine() ?? "";
    }

    public override SecureString ReadLineAsSecureString()
    {
        RequireSomebody("to type a secret", SecretHint);
        return _terminal.ReadSecret();
    }

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RequireSomebody("to give a value for " + string.Join(", ", descriptions.Select(d => d.Name)), "Give it on the command line or in the runbook.");
        Ask(caption, message);
        var answers = new Dictionary<string, PSObject>();
        foreach (var field in descriptions)
        {
            var type = field.ParameterTypeFullName;
            object? answer;
            if (type == typeof(PSCredential).FullName)
                answer = PromptForCredential("", "", "", "");
            else if (type == typeof(SecureString).FullName)
                answer = AskSecret(field.Name);
            else
                answer = type.EndsWith("[]", StringComparison.Ordinal) ? AskMany(field.Name) : AskOne(field.Name);
            answers[field.Name] = answer is null ? null! : PSObject.AsPSObject(answer);
        }

        return answers;
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
    {
        RequireSomebody("to type a credential", SecretHint);
        Ask(caption, message);
        var name = string.IsNullOrEmpty(userName) ? AskOne("User") : userName;
        return name.Length == 0 ? null! : new PSCredential(name, AskSecret($"Password for user {name}"));
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RequireAnswer(caption, message);
        Ask(caption, message);
        while (true)
        {
            _terminal.WriteError(ChoiceLine(choices, [defaultChoice]));
            var answer = ReadAnswer();
            if (answer.Length == 0 && defaultChoice >= 0)
                return defaultChoice;
            if (answer == "?")
                Explain(choices);
            else if (FindChoice(choices, answer) is { } chosen)
                return chosen;
        }
    }

    public Collection<int> PromptForChoice(string? caption, string? message, Collection<ChoiceDescription> choices, IEnumerable<int>? defaultChoices)
    {
        RequireAnswer(caption, message);
        Ask(caption ?? "", message ?? "");
        var defaults = defaultChoices?.ToList() ?? [];
        var chosen = new Collection<int>();
        while (true)
        {
            _terminal.WriteError(ChoiceLine(choices, defaults));
            var answer = ReadAnswer();
            if (answer.Length == 0)
                return chosen.Count > 0 ? chosen : new Collection<int>(defaults);
            if (answer == "?")
                Explain(choices);
            else if (FindChoice(choices, answer) is { } choice)
                chosen.Add(choice);
        }
    }

    /// <summary>The letter after <c>&amp;</c>, and the label without it.</summary>
    internal static (string Key, string Label) Split(ChoiceDescription choice)
    {
        var at = choice.Label.IndexOf('&', StringComparison.Ordinal);
        return at >= 0 && at + 1 < choice.Label.Length
            ? (choice.Label[at + 1].ToString().ToUpperInvariant(), choice.Label.Remove(at, 1))
            : ("", choice.Label);
    }

    internal static int? FindChoice(Collection<ChoiceDescription> choices, string answer)
    {
        for (var i = 0; i < choices.Count; i++)
        {
            var (key, label) = Split(choices[i]);
            if ((key.Length > 0 && answer.Equals(key, StringComparison.OrdinalIgnoreCase)) || answer.Equals(label, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return null;
    }

    private static string ChoiceLine(Collection<ChoiceDescription> choices, IReadOnlyList<int> defaults)
    {
        var words = choices.Select(c => Split(c) is var (key, label) && key.Length > 0 ? $"[{key}] {label}" : label);
        var preset = string.Join(", ", defaults.Where(d => d >= 0 && d < choices.Count).Select(d => Split(choices[d]) is var (key, label) && key.Length > 0 ? key : label));
        return $"{string.Join("  ", words)}  [?] Help{(preset.Length > 0 ? $" (default is \"{preset}\")" : "")}: ";
    }

    private void Explain(Collection<ChoiceDescription> choices)
    {
        foreach (var choice in choices)
        {
            var (key, label) = Split(choice);
            _terminal.WriteError($"{(key.Length > 0 ? key : label)} - {choice.HelpMessage}\n");
        }
    }

    private void Ask(string caption, string message)
    {
        _terminal.EndProgress();
        if (!string.IsNullOrEmpty(caption))
            _terminal.WriteError(caption + "\n");
        if (!string.IsNullOrEmpty(message))
            _terminal.WriteError(message + "\n");
    }

    /// <summary>The end of the input is nobody's yes.</summary>
    private string ReadAnswer() => _terminal.ReadLine()?.Trim() ?? throw new PipelineStoppedException();

    private string AskOne(string name)
    {
        _terminal.WriteError(name + ": ");
        return _terminal.ReadLine() ?? "";
    }

    private SecureString AskSecret(string name)
    {
        _terminal.WriteError(name + ": ");
        return ReadLineAsSecureString();
    }

    private string[] AskMany(string name)
    {
        var values = new List<string>();
        while (AskOne(string.Create(CultureInfo.InvariantCulture, $"{name}[{values.Count}]")) is { Length: > 0 } value)
            values.Add(value);
        return [.. values];
    }

    private void RequireAnswer(string? caption, string? message)
    {
        // The last line of a confirmation says what would be done, and to what.
        var question = (string.IsNullOrWhiteSpace(message) ? caption ?? "" : message).Trim().Split('\n')[^1].Trim();
        RequireSomebody($"to answer \"{question}\"", "Where this is a confirmation, add -Confirm:$false to the command, or begin the runbook with $ConfirmPreference = 'None'.");
    }

    private void RequireSomebody(string what, string instead)
    {
        if (!_terminal.CanAsk)
            throw new PSInvalidOperationException($"Nobody is there {what}. {instead}");
    }

    private static string Coloured(string colour, string text) => colour.Length == 0 ? text : colour + text + PSStyle.Instance.Reset;
}
