using System.Net;
using System.Text.Json;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>
/// What refers to an image (signatures, SBOMs): the referrers API, and for registries without it the index under the tag
/// <c>sha256-HEX</c>, which clients keep themselves.
/// </summary>
internal sealed class RepositoryReferrers(
    RegistryTransport transport, RegistryHost host, string repository, RepositoryManifests manifests, RegistryOptions options)
{
    private const int MaxReferrers = 10_000;

    // The artifacts of an image are copied at once: they need not race each other.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Lists what refers to a manifest.</summary>
    public async Task<IReadOnlyList<Descriptor>> ListAsync(Digest subject, string? artifactType, CancellationToken cancellationToken)
    {
        var address = host.Api($"{repository}/referrers/{subject}");
        if (artifactType is not null)
            address = RegistryLink.WithParameter(address, "artifactType", artifactType);
        var found = new List<Descriptor>();
        var isSupported = false;
        var pages = RegistryPages.ReadAsync(
            transport, host, address, AccessScope.Pull(repository), $"list what refers to {host.Domain}/{repository}@{subject}", IsUnknown, cancellationToken);
        await foreach (var page in pages.ConfigureAwait(false))
        {
            // Registries that do not know the address answer with whatever they have for unknown ones.
            if (ManifestDocument.Declared(page.Header("Content-Type")) is not (null or MediaType.OciIndex))
                break;
            isSupported = true;
            found.AddRange(Index(page.Body, subject).Manifests);
            if (found.Count > MaxReferrers)
            {
                throw new SealerException(
                    "TooManyReferrers",
                    ErrorKind.InvalidContent,
                    $"{host.Domain} tells more than {MaxReferrers} artifacts of {repository}@{subject}. The registry is broken or hostile.",
                    subject);
            }
        }

        if (!isSupported)
            found = [.. (await TaggedAsync(subject, cancellationToken).ConfigureAwait(false))?.Manifests ?? []];
        return [.. found.Where(d => artifactType is null || d.ArtifactType == artifactType).DistinctBy(d => d.Digest)];
    }

    /// <summary>Adds a manifest to the index of its subject, where the registry does not do so by itself.</summary>
    /// <exception cref="SealerException"><c>ReferrerNotListed</c>: other clients wrote the index all the time.</exception>
    public async Task AddAsync(Descriptor manifest, ManifestDocument document, CancellationToken cancellationToken)
    {
        var subject = document.Subject!.Digest;
        var entry = manifest with { ArtifactType = document.ArtifactType, Annotations = document.Annotations };
        var budget = new RetryBudget(options);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var index = await TaggedAsync(subject, cancellationToken).ConfigureAwait(false);
            while (index?.Manifests.Any(m => m.Digest == manifest.Digest) != true)
            {
                var changed = new ImageIndex { MediaType = MediaType.OciIndex, Manifests = [.. index?.Manifests ?? [], entry], Annotations = index?.Annotations };
                var body = OciJson.Write(changed);
                await manifests.PutAsync(Tag(subject), Descriptor.Of(MediaType.OciIndex, body), body, cancellationToken).ConfigureAwait(false);

                // Another client may have written the index meanwhile, and registries offer no lock: look whether ours stayed.
                index = await TaggedAsync(subject, cancellationToken).ConfigureAwait(false);
                if (index?.Manifests.Any(m => m.Digest == manifest.Digest) != true
                    && !await budget.WaitAsync(null, false, $"{host.Domain}: another client wrote {Tag(subject)}", cancellationToken).ConfigureAwait(false))
                {
                    throw new SealerException(
                        "ReferrerNotListed",
                        ErrorKind.Conflict,
                        $"{host.Domain}/{repository} holds {manifest.Digest}, but does not list it for {subject}: other clients write the tag {Tag(subject)} all the time. Push it again when they are done.",
                        manifest.Digest);
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Registries from before the API answer its address with whatever they have for those they do not know.</summary>
    private static bool IsUnknown(HttpStatusCode status) => status
        is HttpStatusCode.NotFound
        or HttpStatusCode.BadRequest
        or HttpStatusCode.MethodNotAllowed
        or HttpStatusCode.NotAcceptable
        or HttpStatusCode.NotImplemented;

    private static string Tag(Digest subject) => $"{subject.Algorithm}-{subject.Hex}"[..Math.Min(128, subject.Algorithm.Length + 1 + subject.Hex.Length)];

    private async Task<ImageIndex?> TaggedAsync(Digest subject, CancellationToken cancellationToken)
    {
        var found = await manifests.GetAsync(Tag(subject), null, cancellationToken).ConfigureAwait(false);
        return found is null || !MediaType.IsIndex(found.Value.Descriptor.MediaType) ? null : Index(found.Value.Body, subject);
    }

    private ImageIndex Index(ReadOnlyMemory<byte> body, Digest subject)
    {
        try
        {
            return OciJson.ReadIndex(body.Span);
        }
        catch (SealerException e) when (e.InnerException is JsonException)
        {
            throw new SealerException(
                "InvalidManifest",
                ErrorKind.InvalidContent,
                $"{host.Domain} answers with a broken list of what refers to {repository}@{subject}.",
                subject,
                e);
        }
    }
}
