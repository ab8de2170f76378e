using System.Text.Json;

namespace Sealer.Registries.Authentication;

/// <summary>An access token and until when, by our own clock, it is used.</summary>
internal sealed record BearerToken(Secret Value, DateTimeOffset UseUntil)
{
    // The token specification's value where the server does not say.
    private const int DefaultSeconds = 60;

    /// <summary>Reads a token server's answer.</summary>
    /// <param name="json">The body.</param>
    /// <param name="asked">
    /// When the token was asked for, by our clock. The server's <c>issued_at</c> is not looked at: its clock may be hours
    /// away from ours.
    /// </param>
    /// <returns>Null where the answer holds no token that can be sent.</returns>
    public static BearerToken? Read(ReadOnlyMemory<byte> json, DateTimeOffset asked)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return null;
            var text = Text(root, "token") ?? Text(root, "access_token");
            if (text is null || text.Any(c => c is <= ' ' or >= '\x7f'))
                return null;
            var seconds = root.TryGetProperty("expires_in", out var expires)
                && expires.ValueKind == JsonValueKind.Number
                && expires.TryGetDouble(out var value)
                && value > 0
                    ? Math.Min(value, 24 * 3600)
                    : DefaultSeconds;

            // A token that runs out on its way is refused; the last part of its life is not used.
            var margin = Math.Min(30, seconds / 4);
            return new BearerToken(Secret.Of(text), asked + TimeSpan.FromSeconds(seconds - margin));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}
