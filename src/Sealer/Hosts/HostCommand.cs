namespace Sealer.Hosts;

/// <summary>What is to be run on a host.</summary>
/// <param name="Script">
/// Text for a POSIX <c>sh</c>; see <see cref="ShellText.Quote"/> for words in it. It stands in process lists for as long as it
/// runs, so that secrets go into <see cref="Secrets"/>.
/// </param>
public sealed record HostCommand(string Script)
{
    /// <summary>What the result keeps of each of the two outputs, in bytes, unless told otherwise.</summary>
    public const int DefaultMaxOutput = 1 << 20;

    /// <summary>Run as root: through sudo, where the user is not root.</summary>
    public bool Elevated { get; init; }

    /// <summary>What it reads; null for nothing.</summary>
    public Stream? Input { get; init; }

    /// <summary>Gets all of its standard output, byte by byte as it comes; the result's is empty then.</summary>
    public Stream? Output { get; init; }

    /// <summary>Is told each line as it comes, harmless to print. May be called from several threads.</summary>
    public IProgress<HostOutputLine>? Lines { get; init; }

    /// <summary>Variables of its environment, visible in process lists.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of its environment that hold secrets. They travel over its standard input.</summary>
    public IReadOnlyDictionary<string, Secret> Secrets { get; init; } = new Dictionary<string, Secret>();

    /// <summary>After this it is stopped; null for never.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What the result keeps of each of the two outputs, in bytes: of longer ones the beginning and the end.</summary>
    public int MaxOutput { get; init; } = DefaultMaxOutput;

    /// <summary>It ends another one, and is not ended itself.</summary>
    internal bool IsEnding { get; init; }

    /// <summary>A program and its arguments, quoted.</summary>
    public static HostCommand Of(string program, params string[] arguments) =>
        new(string.Join(' ', arguments.Prepend(program).Select(ShellText.Quote)));

    /// <summary>The script.</summary>
    public override string ToString() => Script;
}
