namespace Sealer.Registries;

/// <summary>Somewhere credentials come from. Implementations are safe for concurrent use.</summary>
public interface ICredentialSource
{
    /// <summary>Finds the credential for a repository; the one for the longest part of its name wins.</summary>
    /// <param name="domain">The registry, as in an image name.</param>
    /// <param name="repository">The path in the registry, or null for the registry as a whole.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The credential, or null where there is none: access is then anonymous.</returns>
    Task<RegistryCredential?> FindAsync(string domain, string? repository, CancellationToken cancellationToken);
}
