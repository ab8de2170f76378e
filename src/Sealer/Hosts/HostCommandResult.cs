namespace Sealer.Hosts;

/// <summary>What came of a command.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="ExitCode">0 to 255; 128 and the signal's number where a signal ended it.</param>
/// <param name="Output">Its standard output as it was written, for programs; of a long one the beginning and the end.</param>
/// <param name="Error">Its standard error, likewise.</param>
/// <param name="Truncated">Something was left out of either.</param>
public sealed record HostCommandResult(string Host, int ExitCode, string Output, string Error, bool Truncated)
{
    private const int Told = 2000;

    /// <summary>The secrets that the command was given, which are never shown.</summary>
    internal IReadOnlyList<Secret> Secrets { get; init; } = [];

    /// <summary>It ended with 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Its standard output, harmless to print: as <see cref="HostOutputLine.Text"/>.</summary>
    public string ShownOutput => Shown(Output);

    /// <summary>Its standard error, harmless to print.</summary>
    public string ShownError => Shown(Error);

    /// <summary>This result, where it succeeded.</summary>
    /// <param name="what">What was attempted, as <c>read /etc/hosts</c>.</param>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>: with the host's own words.</exception>
    public HostCommandResult Require(string what)
    {
        if (Succeeded)
            return this;
        // Hidden before it is cut: half a secret is one, too.
        var words = Shown((Error.Trim() is { Length: > 0 } e ? e : Output.Trim()) is { Length: > 0 } said ? said : "It said nothing.");
        throw new SealerException(
            "HostCommandFailed", ErrorKind.ResourceUnavailable,
            $"{Host} could not {what} (exit code {ExitCode}). Its own words: {(words.Length > Told ? words[..Told] + " ..." : words)}", Host);
    }

    private string Shown(string text) => HostText.Shown(Secrets.Aggregate(text, (hidden, secret) => secret.HideIn(hidden)));
}
