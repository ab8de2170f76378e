using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Sealer.Runner;

/// <summary>Output with the prefixes that PowerShell's users know, and questions where somebody is there to answer.</summary>
internal sealed class RunnerInterface : PSHostUserInterface, IHostUISupportsMultipleChoiceSelection
{
    private const string Red = "\e[31;1m";
    private const string Yellow = "\e[33;1m";
    private readonly RunnerTerminal _terminal;

    public RunnerInterface(RunnerTerminal terminal)
    {
        _terminal = terminal;
        RawUI = new RunnerRawInterface(terminal);
    }

    public override PSHostRawUserInterface RawUI { get; }

    public override bool SupportsVirtualTerminal => _terminal.OutputHasColours;

    public override void Write(string value) => _terminal.Write(value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => _terminal.Write(value);

    public override void WriteLine(string value) => _terminal.Write(value + "\n");

    public override void WriteErrorLine(string value) => _terminal.WriteError(value + "\n", value.Contains('\e', StringComparison.Ordinal) ? null : Red);

    public override void WriteWarningLine(string message) => _terminal.WriteError($"WARNING: {message}\n", Yellow);

    public override void WriteVerboseLine(string message) => _terminal.WriteError($"VERBOSE: {message}\n", Yellow);

    public override void WriteDebugLine(string message) => _terminal.WriteError($"DEBUG: {message}\n", Yellow);

    public override void WriteProgress(long sourceId, ProgressRecord record) => _terminal.ShowProgress(sourceId, record);

    public override string ReadLine()
    {
        RequireSomebody("a line of input");
        return Console.ReadLine() ?? "";
    }

    public override SecureString ReadLineAsSecureString()
    {
        RequireSomebody("a secret");
        var secret = new SecureString();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
                break;
            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
                secret.RemoveAt(secret.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                secret.AppendChar(key.KeyChar);
        }

        _terminal.WriteError("\n");
        secret.MakeReadOnly();
        return secret;
    }

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RequireSomebody("the parameters " + string.Join(", ", descriptions.Select(d => d.Name)));
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
        RequireSomebody("a credential");
        Ask(caption, message);
        var name = string.IsNullOrEmpty(userName) ? AskOne("User") : userName;
        return name.Length == 0 ? null! : new PSCredential(name, AskSecret($"Password for user {name}"));
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RequireSomebody($"an answer to \"{FirstLine(message.Length > 0 ? message : caption)}\"");
        Ask(caption, message);
        while (true)
        {
            _terminal.WriteError(ChoiceLine(choices, [defaultChoice]));
            var answer = Console.ReadLine();
            // The end of the input is nobody's yes.
            if (answer is null)
                throw new PipelineStoppedException();
            answer = answer.Trim();
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
        RequireSomebody("a choice");
        Ask(caption ?? "", message ?? "");
        var defaults = defaultChoices?.ToList() ?? [];
        var chosen = new Collection<int>();
        while (true)
        {
            _terminal.WriteError(ChoiceLine(choices, defaults));
            var answer = Console.ReadLine()?.Trim();
            if (string.IsNullOrEmpty(answer))
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
            if (answer.Equals(key, StringComparison.OrdinalIgnoreCase) || answer.Equals(label, StringComparison.OrdinalIgnoreCase))
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

    private string AskOne(string name)
    {
        _terminal.WriteError(name + ": ");
        return Console.ReadLine() ?? "";
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

    private void RequireSomebody(string what)
    {
        if (!_terminal.CanAsk)
        {
            throw new PSInvalidOperationException(
                $"The runbook asks for {what}, and nobody is there to answer. Give it on the command line or in the runbook; where it asks for a confirmation, add -Confirm:$false.");
        }
    }

    private static string FirstLine(string text) => text.Split('\n')[0].Trim();
}
