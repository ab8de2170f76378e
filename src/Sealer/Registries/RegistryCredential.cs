using System.Text;

namespace Sealer.Registries;

/// <summary>
/// What a registry knows a user by: a name with a password (or access token), an identity token that is exchanged for
/// access tokens, or an access token that is sent as it is.
/// </summary>
public sealed record RegistryCredential
{
    private const string Given = "given";

    /// <summary>The user's name; empty where only a token is known.</summary>
    public string UserName { get; init; } = "";

    /// <summary>The password, or a personal access token in its place.</summary>
    public Secret? Password { get; init; }

    /// <summary>A refresh token of the registry's token server.</summary>
    public Secret? IdentityToken { get; init; }

    /// <summary>A bearer token for the registry itself.</summary>
    public Secret? AccessToken { get; init; }

    /// <summary>Where it was found, for messages: a file, a helper, or <c>given</c> by the caller.</summary>
    public string Origin { get; init; } = Given;

    /// <summary>A name and a password.</summary>
    public static RegistryCredential Of(string userName, string password) =>
        new() { UserName = userName, Password = Secret.Of(password) };

    /// <summary>True where the caller gave it just now, so that it lies nowhere to be replaced.</summary>
    internal bool IsGiven => Origin == Given;

    /// <summary>The secrets in clear in every form in which they are sent.</summary>
    internal IEnumerable<string> Clear()
    {
        if (Password is not null)
        {
            yield return Password.Reveal();
            yield return BasicValue();
        }

        if (IdentityToken is not null)
            yield return IdentityToken.Reveal();
        if (AccessToken is not null)
            yield return AccessToken.Reveal();
    }

    /// <summary>The parameter of an <c>Authorization: Basic</c> header.</summary>
    internal string BasicValue() =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{UserName}:{Password?.Reveal()}"));
}
