using System.Net;
using System.Net.Http.Headers;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>The manifests of one repository.</summary>
internal sealed class RepositoryManifests(RegistryTransport transport, RegistryHost host, string repository)
{
    private static readonly string[] Accepted =
        [MediaType.OciManifest, MediaType.OciIndex, MediaType.DockerManifest, MediaType.DockerManifestList];

    private string Name => $"{host.Domain}/{repository}";

    /// <summary>Finds what a tag or digest stands for; null where there is none.</summary>
    public async Task<Descriptor?> FindAsync(string tagOrDigest, CancellationToken cancellationToken)
    {
        var reply = await transport.FetchAsync(host, Call(HttpMethod.Head, tagOrDigest), 0, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode == HttpStatusCode.NotFound)
            return null;

        // A HEAD has no body that would say what is wrong, and some registries answer it poorly: GET says it all.
        return (reply.IsSuccess ? FromHeaders(reply, tagOrDigest) : null)
            ?? (await GetAsync(tagOrDigest, null, cancellationToken).ConfigureAwait(false))?.Descriptor;
    }

    /// <summary>Reads a manifest and verifies it; null where there is none.</summary>
    /// <param name="tagOrDigest">What to read.</param>
    /// <param name="expected">What it must be, where that is known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<(Descriptor Descriptor, ReadOnlyMemory<byte> Body)?> GetAsync(
        string tagOrDigest, Descriptor? expected, CancellationToken cancellationToken)
    {
        var reply = await transport.FetchAsync(host, Call(HttpMethod.Get, tagOrDigest), OciJson.MaxManifestSize, cancellationToken)
            .ConfigureAwait(false);
        if (reply.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (!reply.IsSuccess)
            throw RegistryFailure.Of(host, reply, $"read {Place(tagOrDigest)}", Place(tagOrDigest));

        var place = Place(tagOrDigest);
        var told = Told(reply);
        var digest = expected?.Digest ?? (Digest.TryParse(tagOrDigest, out var asked) ? asked : told);
        var actual = digest is { } wanted ? Verify(wanted, reply.Body, place) : Digest.Of(reply.Body.Span);
        if (told is { } other && other != actual)
            Verify(other, reply.Body, place);
        if (expected is not null && expected.Size != reply.Body.Length)
            throw Wrong("SizeMismatch", place, $"has {reply.Body.Length} bytes and should have {expected.Size}");

        // Some registries declare what is asked for as application/json; then the content itself tells.
        var declared = ManifestDocument.Declared(reply.Header("Content-Type"));
        if (declared is not null && expected is not null && declared != expected.MediaType)
            throw Wrong("MediaTypeMismatch", place, $"is declared as {RegistryFailure.Quote(host, declared)} and should be {expected.MediaType}");
        var document = ManifestDocument.Read(host, reply.Body, declared ?? expected?.MediaType, place);
        return (new Descriptor { MediaType = document.MediaType, Digest = actual, Size = reply.Body.Length }, reply.Body);
    }

    /// <summary>Writes a manifest.</summary>
    /// <returns>True where the registry took note of the manifest's subject by itself.</returns>
    public async Task<bool> PutAsync(
        string tagOrDigest, Descriptor descriptor, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var call = new RegistryCall(HttpMethod.Put, Address(tagOrDigest))
        {
            Scope = AccessScope.Push(repository),
            Content = () => new ReadOnlyMemoryContent(body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue(descriptor.MediaType) },
            },
        };
        var reply = await transport.FetchAsync(host, call, RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccess)
        {
            if (reply.StatusCode == HttpStatusCode.RequestEntityTooLarge)
                throw Wrong("ManifestTooLarge", Place(tagOrDigest), $"has {descriptor.Size} bytes, which is more than the registry takes");
            throw RegistryFailure.Of(host, reply, $"write {Place(tagOrDigest)}", Place(tagOrDigest));
        }

        if (Told(reply) is { } told && told != descriptor.Digest)
            throw Wrong("DigestMismatch", Place(tagOrDigest), $"was stored as {told} and should be {descriptor.Digest}");
        return reply.Header("OCI-Subject") is not null;
    }

    /// <summary>Deletes a manifest or tag; false where there was none.</summary>
    public async Task<bool> DeleteAsync(string tagOrDigest, CancellationToken cancellationToken)
    {
        var call = new RegistryCall(HttpMethod.Delete, Address(tagOrDigest)) { Scope = AccessScope.Delete(repository) };
        var reply = await transport.FetchAsync(host, call, RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode == HttpStatusCode.NotFound)
            return false;
        if (reply.StatusCode == HttpStatusCode.MethodNotAllowed)
        {
            throw new RegistryException(
                "DeleteNotSupported",
                ErrorKind.NotSupported,
                $"{host.Domain} does not delete by itself. Allow it there (docker-registry: storage.delete.enabled), or use the registry's own tool.",
                Place(tagOrDigest),
                reply.StatusCode);
        }

        return reply.IsSuccess ? true : throw RegistryFailure.Of(host, reply, $"delete {Place(tagOrDigest)}", Place(tagOrDigest));
    }

    private static Digest? Told(RegistryReply reply) =>
        Digest.TryParse(reply.Header("Docker-Content-Digest"), out var digest) ? digest : null;

    private Descriptor? FromHeaders(RegistryReply reply, string tagOrDigest)
    {
        var type = ManifestDocument.Declared(reply.Header("Content-Type"));
        var size = reply.ContentHeaders.ContentLength;
        if (Told(reply) is not { } digest || size is null or <= 0 || (!MediaType.IsManifest(type) && !MediaType.IsIndex(type)))
            return null;
        if (Digest.TryParse(tagOrDigest, out var asked) && asked != digest)
            throw Wrong("DigestMismatch", Place(tagOrDigest), $"is told to be {digest}");
        if (size > OciJson.MaxManifestSize)
            throw Wrong("ManifestTooLarge", Place(tagOrDigest), $"has {size} bytes; more than {OciJson.MaxManifestSize} is refused");
        return new Descriptor { MediaType = type!, Digest = digest, Size = size.Value };
    }

    private RegistryCall Call(HttpMethod method, string tagOrDigest) => new(method, Address(tagOrDigest))
    {
        Scope = AccessScope.Pull(repository),
        TooLarge = "ManifestTooLarge",
        Prepare = r => r.Headers.TryAddWithoutValidation("Accept", string.Join(", ", Accepted)),
    };

    private Uri Address(string tagOrDigest) => host.Api($"{repository}/manifests/{tagOrDigest}");

    private string Place(string tagOrDigest) => Name + (tagOrDigest.Contains(':', StringComparison.Ordinal) ? "@" : ":") + tagOrDigest;

    private Digest Verify(Digest digest, ReadOnlyMemory<byte> body, string place)
    {
        using var hash = digest.CreateHash();
        hash.AppendData(body.Span);
        return digest.Matches(hash.GetHashAndReset())
            ? digest
            : throw Wrong("DigestMismatch", place, $"is not {digest}");
    }

    private SealerException Wrong(string id, string place, string how) => new(
        id, ErrorKind.InvalidContent, $"The manifest {place} that {host.Domain} gave {how}. The registry is broken or hostile.", place);
}
