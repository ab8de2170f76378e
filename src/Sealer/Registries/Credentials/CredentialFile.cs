using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Registries.Credentials;

/// <summary>
/// A file of credentials in the form that Docker's <c>config.json</c> and containers' <c>auth.json</c> share:
/// <c>auths</c>, <c>credHelpers</c>, <c>credsStore</c>. What else it holds is left as it is.
/// </summary>
internal sealed class CredentialFile
{
    private const long MaxSize = 4 * 1024 * 1024;

    private readonly JsonObject _root;

    private CredentialFile(string path, JsonObject root)
    {
        Path = path;
        _root = root;
    }

    public string Path { get; }

    /// <summary>Reads a file; an empty one where it does not exist.</summary>
    /// <exception cref="SealerException"><c>InvalidCredentialFile</c>: it is there but cannot be read.</exception>
    public static async Task<CredentialFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxSize })
                throw new JsonException("It is too large.");
            var text = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
            var root = text.Length == 0 ? new JsonObject() : JsonNode.Parse(text) as JsonObject;
            ReadAll(root);
            return new CredentialFile(path, root ?? throw new JsonException("It is not a JSON object."));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new CredentialFile(path, []);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // The parser's message may quote the file, and with it a secret.
            throw new SealerException(
                "InvalidCredentialFile",
                ErrorKind.InvalidInput,
                $"The credentials in '{path}' cannot be read: {(e is IOException or UnauthorizedAccessException ? e.Message : "it is not valid JSON")}. Repair the file, or remove it and log on again.",
                path);
        }
    }

    /// <summary>The helper program's name for a key, or null.</summary>
    public string? Helper(string domain, string? repository)
    {
        var helpers = Normalized("credHelpers");
        foreach (var key in CredentialKey.Candidates(domain, repository))
        {
            if (helpers.TryGetValue(key, out var helper) && Text(helper) is { Length: > 0 } name)
                return name;
        }

        return Text(_root["credsStore"]) is { Length: > 0 } store ? store : null;
    }

    /// <summary>The entry of the longest key that fits, or null.</summary>
    public RegistryCredential? Find(string domain, string? repository)
    {
        var entries = Normalized("auths");
        foreach (var key in CredentialKey.Candidates(domain, repository))
        {
            if (entries.TryGetValue(key, out var entry) && entry is JsonObject fields && Read(fields) is { } credential)
                return credential;
        }

        return null;
    }

    /// <summary>The domains and beginnings of names that have an entry.</summary>
    public IReadOnlyList<string> Keys() => [.. Normalized("auths").Keys.Order(StringComparer.Ordinal)];

    /// <summary>Puts an entry in the place of all that fit the same key. An empty one tells that a helper holds it.</summary>
    public void Set(string key, RegistryCredential? credential)
    {
        Remove(key);
        if (_root["auths"] is not JsonObject auths)
            _root["auths"] = auths = [];
        var entry = new JsonObject();
        if (credential?.Password is not null)
            entry["auth"] = credential.BasicValue();
        if (credential?.IdentityToken is { } identity)
            entry["identitytoken"] = identity.Reveal();
        auths[CredentialKey.Normalize(key) == "docker.io" ? CredentialKey.LegacyDockerHub : key] = entry;
    }

    /// <summary>Removes all entries of a key; false where there was none.</summary>
    public bool Remove(string key)
    {
        if (_root["auths"] is not JsonObject auths)
            return false;
        var wanted = CredentialKey.Normalize(key);
        var found = auths.Select(e => e.Key).Where(k => CredentialKey.Normalize(k) == wanted).ToList();
        foreach (var name in found)
            auths.Remove(name);
        return found.Count > 0;
    }

    /// <summary>Writes the file anew, readable by its owner only; another process sees the old or the new one.</summary>
    /// <exception cref="SealerException"><c>CredentialFileNotWritten</c>: the file is as it was.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var temporary = $"{Path}.{Guid.NewGuid():N}";
        try
        {
            var stream = new FileStream(temporary, options);
            await using (stream.ConfigureAwait(false))
            {
                var text = _root.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
                await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), cancellationToken).ConfigureAwait(false);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "CredentialFileNotWritten",
                ErrorKind.ResourceUnavailable,
                $"The credentials cannot be written to '{Path}': {e.Message} Nothing was changed. See that the folder may be written to and its disk is not full, then log on again.",
                Path,
                e);
        }
        finally
        {
            Discard(temporary);
        }
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What kept it from being written is told already; else it is gone, because it was renamed.
        }
    }

    /// <summary>Reads what the parser left for later: a name given twice or a broken escape would be told by whoever comes across it.</summary>
    private static void ReadAll(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (_, member) in members)
                    ReadAll(member);
                break;
            case JsonArray items:
                foreach (var item in items)
                    ReadAll(item);
                break;
            case JsonValue value:
                value.TryGetValue<string>(out _);
                break;
        }
    }

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private Dictionary<string, JsonNode?> Normalized(string property)
    {
        var entries = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        if (_root[property] is JsonObject members)
        {
            foreach (var (key, value) in members)
                entries.TryAdd(CredentialKey.Normalize(key), value);
        }

        return entries;
    }

    private RegistryCredential? Read(JsonObject entry)
    {
        var (user, password) = (Text(entry["username"]) ?? "", Text(entry["password"]));
        if (Text(entry["auth"]) is { Length: > 0 } auth)
        {
            try
            {
                var parts = Encoding.UTF8.GetString(Convert.FromBase64String(auth)).Split(':', 2);
                if (parts.Length == 2)
                    (user, password) = (parts[0], parts[1].TrimEnd('\0'));
            }
            catch (FormatException)
            {
                return null;
            }
        }

        var identity = Text(entry["identitytoken"]);
        var access = Text(entry["registrytoken"]);
        if (password is null && string.IsNullOrEmpty(identity) && string.IsNullOrEmpty(access))
            return null;
        return new RegistryCredential
        {
            UserName = user,
            Password = password is null || (password.Length == 0 && user.Length == 0) ? null : Secret.Of(password),
            IdentityToken = string.IsNullOrEmpty(identity) ? null : Secret.Of(identity),
            AccessToken = string.IsNullOrEmpty(access) ? null : Secret.Of(access),
            Origin = Path,
        };
    }
}
