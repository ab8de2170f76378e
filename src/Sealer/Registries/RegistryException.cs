using System.Net;

namespace Sealer.Registries;

/// <summary>A registry refused, failed or could not be reached.</summary>
public sealed class RegistryException : SealerException
{
    internal RegistryException(
        string id, ErrorKind kind, string message, object? target, HttpStatusCode? statusCode = null, Exception? inner = null)
        : base(id, kind, message, target, inner) => StatusCode = statusCode;

    /// <summary>What the registry answered, or null where it did not.</summary>
    public HttpStatusCode? StatusCode { get; }
}
