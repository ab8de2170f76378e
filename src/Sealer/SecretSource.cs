namespace Sealer;

/// <summary>Where a secret is kept.</summary>
public enum SecretSourceKind
{
    /// <summary>In a variable of the environment (<c>passwdFrom: { env: NAME }</c>).</summary>
    Environment,

    /// <summary>In a file (<c>passwdFrom: { file: PATH }</c>); one line break at its end does not belong to the secret.</summary>
    File,
}

/// <summary>Where a secret is kept, outside of the Clusterfile.</summary>
/// <param name="Kind">In what.</param>
/// <param name="Name">The variable's name, or the file's path as it is written in the Clusterfile.</param>
public sealed record SecretSource(SecretSourceKind Kind, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Kind == SecretSourceKind.Environment ? $"the variable {Name}" : $"the file '{Name}'";
}
