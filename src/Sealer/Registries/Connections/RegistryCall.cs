using Sealer.Registries.Authentication;

namespace Sealer.Registries.Connections;

/// <summary>A request as it can be made again and again.</summary>
internal sealed record RegistryCall(HttpMethod Method, Uri Uri)
{
    /// <summary>What a token is needed for.</summary>
    public AccessScope Scope { get; init; } = AccessScope.None;

    /// <summary>Sets headers.</summary>
    public Action<HttpRequestMessage>? Prepare { get; init; }

    /// <summary>Makes the body, anew for every attempt.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>A call to a token server: it is not signed with a token, and not redirected.</summary>
    public bool IsToken { get; init; }

    /// <summary>False where the caller tries again by itself, because it has to find out first what has arrived.</summary>
    public bool IsRepeatable { get; init; } = true;

    /// <summary>Identifier of the error where a good answer is too long.</summary>
    public string TooLarge { get; init; } = "AnswerTooLarge";
}
