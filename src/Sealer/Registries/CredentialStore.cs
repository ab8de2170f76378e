using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Registries.Credentials;

namespace Sealer.Registries;

/// <summary>
/// The credentials of this user: our own file (<c>auth.json</c> in the home folder, readable by its owner only), then what
/// sealer, the containers tools (podman, skopeo, buildah) and Docker have, with their credential helpers. Only our own file
/// is written. Within a file the entry for the longest part of a name wins.
/// </summary>
public sealed class CredentialStore : ICredentialSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CredentialPlaces _places;
    private readonly IProgress<SealerEvent>? _events;
    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);

    internal CredentialStore(CredentialPlaces places, IProgress<SealerEvent>? events = null)
    {
        _places = places;
        _events = events;
    }

    /// <summary>Opens the credentials; nothing is read yet.</summary>
    /// <param name="home">The folder that holds our own file; made when it is first written to.</param>
    /// <param name="events">Told of files of other tools that cannot be used; may be null.</param>
    public static CredentialStore Open(SealerHome home, IProgress<SealerEvent>? events = null) =>
        new(CredentialPlaces.FromEnvironment(home.Folder, Environment.GetEnvironmentVariable), events);

    /// <inheritdoc/>
    /// <exception cref="SealerException"><c>InvalidCredentialFile</c>, <c>CredentialHelperFailed</c>: of our own file.</exception>
    public async Task<RegistryCredential?> FindAsync(string domain, string? repository, CancellationToken cancellationToken)
    {
        var own = await CredentialFile.ReadAsync(_places.OwnFile, cancellationToken).ConfigureAwait(false);
        if (await FindAsync(own, domain, repository, cancellationToken).ConfigureAwait(false) is { } found)
            return found;
        foreach (var path in _places.OtherFiles)
        {
            try
            {
                var file = await CredentialFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
                if (await FindAsync(file, domain, repository, cancellationToken).ConfigureAwait(false) is { } other)
                    return other;
            }
            catch (SealerException e)
            {
                // Another tool's trouble must not stop what may need no credentials at all.
                if (_warned.TryAdd(e.Message, true))
                    _events?.Report(new WarningEvent(e.Message));
            }
        }

        return null;
    }

    /// <summary>Lists the domains (or beginnings of names) that our own file knows.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        (await CredentialFile.ReadAsync(_places.OwnFile, cancellationToken).ConfigureAwait(false)).Keys();

    /// <summary>
    /// Keeps a credential in our own file, or in the helper that the file names. It is not tried on the registry:
    /// <see cref="RegistryClient.LoginAsync"/> does that.
    /// </summary>
    /// <param name="key">A domain, or the beginning of a name (<c>registry.example.com/team</c>).</param>
    /// <param name="credential">What to keep.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>InvalidCredentialFile</c>, <c>CredentialFileNotWritten</c>, <c>CredentialHelperMissing</c>,
    /// <c>CredentialHelperFailed</c>, <c>HomeUnusable</c>; the file is as it was.
    /// </exception>
    public async Task SaveAsync(string key, RegistryCredential credential, CancellationToken cancellationToken)
    {
        using var turn = await LockAsync(cancellationToken).ConfigureAwait(false);
        var file = await CredentialFile.ReadAsync(_places.OwnFile, cancellationToken).ConfigureAwait(false);
        var helper = Helper(file, key, null);
        if (helper is not null)
            await helper.StoreAsync(CredentialKey.Normalize(key), credential, cancellationToken).ConfigureAwait(false);
        file.Set(key, helper is null ? credential : null);
        await file.WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a credential from our own file and its helper.</summary>
    /// <returns>False where our file had none; what other tools have stays.</returns>
    /// <exception cref="SealerException">As for <see cref="SaveAsync"/>.</exception>
    public async Task<bool> RemoveAsync(string key, CancellationToken cancellationToken)
    {
        if (!File.Exists(_places.OwnFile))
            return false;
        using var turn = await LockAsync(cancellationToken).ConfigureAwait(false);
        var file = await CredentialFile.ReadAsync(_places.OwnFile, cancellationToken).ConfigureAwait(false);
        if (!file.Remove(key))
            return false;
        if (Helper(file, key, null) is { } helper)
            await helper.EraseAsync(CredentialKey.Normalize(key), cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task<RegistryCredential?> FindAsync(
        CredentialFile file, string domain, string? repository, CancellationToken cancellationToken)
    {
        if (Helper(file, domain, repository) is { } helper
            && await helper.GetAsync(CredentialKey.Normalize(domain), cancellationToken).ConfigureAwait(false) is { } kept)
        {
            return kept;
        }

        return file.Find(domain, repository);
    }

    private CredentialHelper? Helper(CredentialFile file, string domain, string? repository)
    {
        var slash = domain.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
            (domain, repository) = (domain[..slash], domain[(slash + 1)..]);
        if (file.Helper(domain, repository) is not { } name)
            return null;
        return CredentialHelper.Find(name, _places.SearchPath) ?? throw new SealerException(
            "CredentialHelperMissing",
            ErrorKind.ResourceUnavailable,
            $"'{file.Path}' names the credential helper docker-credential-{name}, which is not on PATH. Install it, or take the entry out.",
            name);
    }

    /// <summary>One writer at a time, so that two logins at once keep both.</summary>
    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        SealerHome.CreatePrivateFolder(Path.GetDirectoryName(Path.GetFullPath(_places.OwnFile))!);
        try
        {
            return await FileLock.TakeAsync(_places.OwnFile + ".lock", exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
                ?? throw Locked("another process has been writing it for a while", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Locked(e.Message, e);
        }

        SealerException Locked(string why, Exception? cause) => new(
            "CredentialFileNotWritten",
            ErrorKind.ResourceUnavailable,
            $"The credentials in '{_places.OwnFile}' cannot be changed: {why.TrimEnd('.')}. Nothing was changed. See that you may write to its folder and that no other process does, then log on again.",
            _places.OwnFile,
            cause);
    }
}
