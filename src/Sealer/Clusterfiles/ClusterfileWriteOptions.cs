namespace Sealer.Clusterfiles;

/// <summary>What becomes of secrets that a cluster's settings hold themselves; those from elsewhere are always written as their source.</summary>
public enum SecretWriting
{
    /// <summary>Passwords are left out; secret variables are looked for under their own names where the file is read.</summary>
    Omit,

    /// <summary>They are written in plain, so that sealer can use the file. Who reads the file has them.</summary>
    Reveal,
}

/// <summary>How a Clusterfile is written.</summary>
public sealed record ClusterfileWriteOptions
{
    /// <summary>What becomes of secrets.</summary>
    public SecretWriting Secrets { get; init; }

    /// <summary>False: what sealer would not understand is written as it is, so that just the same is read again.</summary>
    internal bool IsForSealer { get; init; } = true;

    /// <summary>Lines of a comment at the file's beginning.</summary>
    public IReadOnlyList<string> Comment { get; init; } = [];
}
