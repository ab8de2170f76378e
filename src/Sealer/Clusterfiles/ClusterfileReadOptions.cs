using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles;

/// <summary>What a Clusterfile is read with.</summary>
public sealed record ClusterfileReadOptions
{
    /// <summary>The name that diagnostics begin with; null: the file's own, or <c>Clusterfile</c> for a text.</summary>
    public string? FileName { get; init; }

    /// <summary>Where relative paths of secrets' files begin; null: the file's folder, or the current one for a text.</summary>
    public string? BaseFolder { get; init; }

    /// <summary>
    /// True: fields and kinds that nobody knows are warnings. For files that other programs wrote, like the one a cluster
    /// keeps; sealer ignores what it does not know.
    /// </summary>
    public bool Tolerant { get; init; }

    /// <summary>
    /// False: what <c>passwdFrom</c> and its like name is not read and may be missing, so that a file can be checked where its
    /// secrets are not. Such a <see cref="Secret"/> knows its source and has no value.
    /// </summary>
    public bool ResolveSecrets { get; init; } = true;

    /// <summary>
    /// False: what <c>{ file: PATH }</c> names is not read, whatever else is: the text comes from somebody who shall not choose among
    /// this machine's files.
    /// </summary>
    internal bool ReadsFiles { get; init; } = true;

    /// <summary>
    /// Fields (<c>passwd</c>, <c>pkPasswd</c>, <c>sudoPasswd</c>) whose secrets are given elsewhere, so that nobody looks for what
    /// <c>passwdFrom</c> and its like name.
    /// </summary>
    public IReadOnlySet<string> GivenSecrets { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>
    /// Values that are laid over those of the document of kind Cluster before it is checked, by path: <c>spec.image</c>,
    /// <c>spec.registry.localRegistry.port</c>, <c>spec.hosts[0].ssh.user</c>; <c>spec.</c> may be left out. Text, or texts for a list.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Values { get; init; } = [];

    /// <summary>Variables that are laid over the cluster's own; hosts' and applications' own still win.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init; } = [];

    /// <summary>Asked for the variables that <c>passwdFrom: { env: NAME }</c> names; the process's environment unless told.</summary>
    public Func<string, string?> Variables { get; init; } = System.Environment.GetEnvironmentVariable;
}
