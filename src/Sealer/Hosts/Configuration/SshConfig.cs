using System.Globalization;

namespace Sealer.Hosts.Configuration;

/// <summary>
/// A user's ssh_config(5), with the machine's behind it: what <c>ssh -G host</c> says, as data. The first value found for a
/// keyword wins; identity files add up.
/// </summary>
public sealed class SshConfig
{
    private const int MaxJumps = 16;

    private readonly SshConfigOptions _options;

    private SshConfig(SshConfigOptions options, IReadOnlyList<SshConfigDocument> documents) =>
        (_options, Documents) = (options, documents);

    /// <summary>The files as they are written, the user's first.</summary>
    public IReadOnlyList<SshConfigDocument> Documents { get; }

    /// <summary>Reads the user's and the machine's file; either may be missing.</summary>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>: with each mistake's file and line.</exception>
    public static SshConfig Load(SshConfigOptions? options = null)
    {
        options ??= new SshConfigOptions();
        var reader = new SshConfigReader(options);
        var documents = new List<SshConfigDocument>();
        if (options.UserFile is { } named && !File.Exists(named))
            throw new SealerException("SshConfigNotFound", ErrorKind.NotFound, $"There is no '{named}'. Name an existing ssh_config, or none for ~/.ssh/config.", named);
        if (reader.ReadFile(options.UserFile ?? Path.Combine(options.Home, ".ssh", "config"), Path.Combine(options.Home, ".ssh")) is { } user)
            documents.Add(user);
        if (!options.IgnoresSystemFile && reader.ReadFile(options.SystemFile, Path.GetDirectoryName(options.SystemFile)!) is { } system)
            documents.Add(system);
        return Finish(options, reader, documents);
    }

    /// <summary>Takes a text for the user's file, with nothing of the machine's.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">How errors name it.</param>
    /// <param name="options">Whose it is; files that it includes are looked for in its <c>.ssh</c>.</param>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>: with each mistake's file and line.</exception>
    public static SshConfig Parse(string text, string path, SshConfigOptions? options = null)
    {
        options ??= new SshConfigOptions();
        var reader = new SshConfigReader(options);
        return Finish(options, reader, [reader.Read(text, path, Path.Combine(options.Home, ".ssh"))]);
    }

    /// <summary>What is said of one host.</summary>
    /// <param name="host">The name as a user would give it to ssh.</param>
    /// <param name="user">Wins over the files, as <c>ssh -l</c>.</param>
    /// <param name="port">Wins over the files, as <c>ssh -p</c>.</param>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>: a token that is not known, or a Match exec that nobody may run.</exception>
    public SshSettings Resolve(string host, string? user = null, int? port = null) => Resolve(host, user, port, withJumps: true);

    /// <summary>
    /// The way to a host: the jump hosts, first one first, and the host itself as the last. As with ssh, the first jump host's
    /// own ProxyJump counts, those of later ones do not.
    /// </summary>
    /// <param name="host">The name as a user would give it to ssh.</param>
    /// <param name="user">Wins over the files, as <c>ssh -l</c>.</param>
    /// <param name="port">Wins over the files, as <c>ssh -p</c>.</param>
    /// <param name="jumps">Wins over the files, as <c>ssh -J</c>; null for what they say.</param>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>: as <see cref="Resolve(string, string?, int?)"/>, or jump hosts that go in a circle.</exception>
    public IReadOnlyList<SshSettings> ResolveChain(string host, string? user = null, int? port = null, IReadOnlyList<SshJump>? jumps = null)
    {
        var chain = new LinkedList<SshSettings>();
        var target = Resolve(host, user, port);
        if (jumps is not null)
            target = target with { Jumps = jumps, ProxyCommand = null };
        chain.AddFirst(target);
        while (target.Jumps.Count > 0)
        {
            for (var i = target.Jumps.Count - 1; i > 0; i--)
                chain.AddFirst(Resolve(target.Jumps[i].Host, target.Jumps[i].User, target.Jumps[i].Port, withJumps: false));
            target = Resolve(target.Jumps[0].Host, target.Jumps[0].User, target.Jumps[0].Port);
            chain.AddFirst(target);
            if (chain.Count > MaxJumps)
            {
                throw new SealerException(
                    "SshConfigInvalid", ErrorKind.InvalidInput,
                    $"The jump hosts to '{host}' go in a circle, or are more than {MaxJumps}: {string.Join(" > ", chain.Take(5).Select(c => c.Alias))} > ... Mend ProxyJump in {Names()}.",
                    host);
            }
        }

        return [.. chain];
    }

    private static SshConfig Finish(SshConfigOptions options, SshConfigReader reader, IReadOnlyList<SshConfigDocument> documents)
    {
        if (reader.Mistakes.Count == 0)
            return new SshConfig(options, documents);
        const int Shown = 20;
        var more = reader.Mistakes.Count > Shown ? $"\n... and {reader.Mistakes.Count - Shown} more" : "";
        throw new SealerException(
            "SshConfigInvalid", ErrorKind.InvalidInput,
            $"The configuration of ssh has mistakes; correct them:\n{string.Join('\n', reader.Mistakes.Take(Shown))}{more}",
            documents.Count > 0 ? documents[0].Path : null);
    }

    private SshSettings Resolve(string host, string? user, int? port, bool withJumps)
    {
        var query = new SshConfigQuery(_options, host, user, port);
        foreach (var document in Documents)
            query.Visit(document, never: false);
        if (query.WantsFinalPass)
        {
            query.BeginFinalPass();
            foreach (var document in Documents)
                query.Visit(document, never: false);
        }

        return query.Finish(withJumps);
    }

    private string Names() => Documents.Count == 0 ? "the configuration" : string.Join(", ", Documents.Select(d => d.Path));

    internal static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
