using System.Net;
using Sealer.Events;
using Sealer.Images.Storage;
using Sealer.Registries;

namespace Sealer.Images.Building;

/// <summary>What the builds of all platforms of an image share.</summary>
/// <param name="Store">Where the image goes.</param>
/// <param name="Registries">The repository of an image.</param>
/// <param name="Client">What <paramref name="Registries"/> asks, or null in tests.</param>
/// <param name="Events">Told progress and warnings; may be null.</param>
/// <param name="Options">What to build.</param>
/// <param name="Kubefile">Its text.</param>
/// <param name="Scratch">Temporary files.</param>
/// <param name="SourceDate">No file is newer.</param>
internal sealed record BuildServices(
    ImageStore Store,
    Func<ImageReference, IImageSource> Registries,
    RegistryClient? Client,
    IProgress<SealerEvent>? Events,
    BuildOptions Options,
    KubefileSource Kubefile,
    BuildScratch Scratch,
    DateTimeOffset? SourceDate)
{
    /// <summary>The same registries, with credentials that a list gives for its images.</summary>
    /// <param name="credentials">By image.</param>
    /// <param name="client">To be disposed, or null where nothing had to be made.</param>
    public Func<ImageReference, IImageSource> RegistriesWith(
        IReadOnlyDictionary<ImageReference, NetworkCredential> credentials, out RegistryClient? client)
    {
        client = null;
        if (Client is null || credentials.Count == 0)
            return Registries;
        var given = new Dictionary<string, RegistryCredential>(StringComparer.Ordinal);
        foreach (var (reference, credential) in credentials)
            given[reference.Name] = RegistryCredential.Of(credential.UserName, credential.Password);
        client = new RegistryClient(Client.Options with { Credentials = new GivenCredentials(given, Client.Options.Credentials) });
        return client.Repository;
    }
}
