namespace Sealer.Clusterfiles.Documents;

/// <summary>A variable that scripts, plugins and templates see.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; quotes in it belong to it.</param>
public sealed record EnvironmentVariable(string Name, string Value)
{
    /// <summary><c>NAME=VALUE</c>.</summary>
    public override string ToString() => $"{Name}={Value}";
}
