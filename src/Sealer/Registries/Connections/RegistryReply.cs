using System.Net;
using System.Net.Http.Headers;

namespace Sealer.Registries.Connections;

/// <summary>An answer with its whole, small body.</summary>
internal sealed record RegistryReply(
    HttpStatusCode StatusCode,
    HttpResponseHeaders Headers,
    HttpContentHeaders ContentHeaders,
    ReadOnlyMemory<byte> Body,
    Uri Uri)
{
    public bool IsSuccess => (int)StatusCode is >= 200 and < 300;

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name) =>
        Headers.NonValidated.TryGetValues(name, out var values) || ContentHeaders.NonValidated.TryGetValues(name, out values)
            ? values.ToString().Trim()
            : null;
}
