using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>Lists that come in pages with <c>Link: &lt;...&gt;; rel="next"</c>.</summary>
internal static class RegistryPages
{
    private const int MaxPages = 10_000;
    private const int MaxPage = 16 * 1024 * 1024;

    /// <summary>Reads page after page; nothing where the registry does not know the first.</summary>
    /// <exception cref="RegistryException">Refused; or <c>InvalidPage</c>: the pages go in circles or lead elsewhere.</exception>
    public static async IAsyncEnumerable<RegistryReply> ReadAsync(
        RegistryTransport transport,
        RegistryHost host,
        Uri first,
        AccessScope scope,
        string doing,
        Func<HttpStatusCode, bool> isUnknown,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Uri? next = first;
        while (next is not null)
        {
            if (!seen.Add(next.PathAndQuery) || seen.Count > MaxPages)
                throw Invalid(host, "its pages go in circles");
            var call = new RegistryCall(HttpMethod.Get, next)
            {
                Scope = scope,
                Prepare = r => r.Headers.TryAddWithoutValidation("Accept", "application/json, " + MediaType.OciIndex),
            };
            var reply = await transport.FetchAsync(host, call, MaxPage, cancellationToken).ConfigureAwait(false);
            if (seen.Count == 1 && isUnknown(reply.StatusCode))
                yield break;
            if (!reply.IsSuccess)
                throw RegistryFailure.Of(host, reply, doing);
            yield return reply;
            next = Next(host, reply);
        }
    }

    /// <summary>The strings of an array in a page's JSON object; nothing where it is null, as Go writes an empty list.</summary>
    public static IReadOnlyList<string> Strings(RegistryHost host, RegistryReply reply, string property)
    {
        try
        {
            using var document = JsonDocument.Parse(reply.Body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty(property, out var list))
                throw Invalid(host, $"it has no '{property}'");
            return list.ValueKind != JsonValueKind.Array
                ? []
                : [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)];
        }
        catch (JsonException)
        {
            throw Invalid(host, "it is not JSON");
        }
    }

    private static Uri? Next(RegistryHost host, RegistryReply reply)
    {
        var text = reply.Header("Link") ?? "";
        for (var start = text.IndexOf('<', StringComparison.Ordinal); start >= 0; start = text.IndexOf('<', start + 1))
        {
            // The address may hold commas and semicolons; what follows it up to the next '<' are its parameters.
            var end = text.IndexOf('>', start);
            if (end < 0)
                break;
            var following = text.IndexOf('<', end);
            var parameters = text[(end + 1)..(following < 0 ? text.Length : following)].Split([';', ','], StringSplitOptions.TrimEntries);
            if (!parameters.Any(p => p.Replace("\"", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Equals("rel=next", StringComparison.OrdinalIgnoreCase)))
                continue;
            var next = RegistryLink.Resolve(host, reply.Uri, text[(start + 1)..end]);

            // The next page is signed with our credentials, and so it is asked of nobody but the registry. Behind a proxy a
            // registry may think that it speaks plain http: host and port are what counts, the scheme is ours.
            if (!string.Equals(next.IdnHost, host.Origin.IdnHost, StringComparison.OrdinalIgnoreCase)
                || (next.Scheme == host.Origin.Scheme && next.Port != host.Origin.Port))
            {
                throw Invalid(host, $"its next page is elsewhere, at {RegistryFailure.Quote(host, next.Authority)}");
            }

            return RegistryLink.Resolve(host, host.Origin, next.PathAndQuery);
        }

        return null;
    }

    private static RegistryException Invalid(RegistryHost host, string how) => new(
        "InvalidPage", ErrorKind.InvalidContent, $"{host.Domain} gave a list that is refused: {how}. The registry is broken or hostile.", host.Domain);
}
