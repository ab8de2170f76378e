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

    /// <summary>Its standard output as it was written, but for the secrets that the command was given: those are <c>***</c>.</summary>
    public string OutputWithoutSecrets => WithoutSecrets(Output);

    /// <summary>Its standard output, harmless to print: as <see cref="HostOutputLine.Text"/>.</summary>
    public string ShownOutput => Shown(Output);

    /// <summary>Its standard error, harmless to print.</summary>
    public string ShownError => Shown(Error);

    /// <summary>This result, where it succeeded.</summary>
    /// <param name="what">What was attempted, as <c>read /etc/hosts</c>.</param>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>: with the host's own words.</exception>
    public HostCommandResult Require(string what) => Succeeded ? this : throw Failure($"{Host} could not {what}");

    /// <summary>The error of a command that failed, with its exit code and the host's own words.</summary>
    /// <param name="what">What went wrong, as <c>'mount /data' failed on 10.0.0.11</c>.</param>
    public SealerException Failure(string what)
    {
        // Hidden before it is cut: half a secret is one, too.
        var words = Shown(Error.Trim() is { Length: > 0 } e ? e : Output.Trim());
        var said = words.Length == 0 ? "It said nothing." : $"Its own words: {(words.Length > Told ? words[..Told] + " ..." : words)}";
        return new SealerException("HostCommandFailed", ErrorKind.ResourceUnavailable, $"{what} (exit code {ExitCode}). {said}", Host);
    }

    private string Shown(string text) => HostText.Shown(WithoutSecrets(text));

    private string WithoutSecrets(string text) => Secrets.Aggregate(text, (hidden, secret) => secret.HideIn(hidden));
}
