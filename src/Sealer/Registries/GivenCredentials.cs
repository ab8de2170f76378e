using Sealer.Registries.Credentials;

namespace Sealer.Registries;

/// <summary>Credentials given by the caller; what they do not name is looked up in the next source.</summary>
public sealed class GivenCredentials : ICredentialSource
{
    private readonly IReadOnlyDictionary<string, RegistryCredential> _entries;
    private readonly ICredentialSource? _next;

    /// <param name="entries">Keys are domains (<c>registry.example.com:5000</c>) or beginnings of names (<c>registry.example.com/team</c>).</param>
    /// <param name="next">Asked where no key fits; may be null.</param>
    public GivenCredentials(IReadOnlyDictionary<string, RegistryCredential> entries, ICredentialSource? next = null)
    {
        _entries = entries.ToDictionary(e => CredentialKey.Normalize(e.Key), e => e.Value, StringComparer.Ordinal);
        _next = next;
    }

    /// <inheritdoc/>
    public Task<RegistryCredential?> FindAsync(string domain, string? repository, CancellationToken cancellationToken)
    {
        foreach (var key in CredentialKey.Candidates(domain, repository))
        {
            if (_entries.TryGetValue(key, out var credential))
                return Task.FromResult<RegistryCredential?>(credential);
        }

        return _next?.FindAsync(domain, repository, cancellationToken) ?? Task.FromResult<RegistryCredential?>(null);
    }
}
