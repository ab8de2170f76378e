using Renci.SshNet;
using Renci.SshNet.Common;
using Sealer.Hosts.Keys;

namespace Sealer.Hosts.Ssh;

/// <summary>What a user is let in by: keys of the agent, key files, the password.</summary>
internal static class SshAuthentication
{
    /// <param name="options">The host.</param>
    /// <param name="owned">Gets what is to be disposed with the connection.</param>
    /// <param name="tried">What is tried, in words; more may come while that goes on.</param>
    /// <exception cref="SealerException"><c>KeyFileNotUsable</c>, <c>NoCredentials</c>.</exception>
    public static AuthenticationMethod[] Methods(SshHostOptions options, List<IDisposable> owned, out IReadOnlyList<string> tried)
    {
        var words = new List<string>();
        var keys = new List<IPrivateKeySource>();
        var held = Held(options, words);
        foreach (var file in options.KeyFiles)
            AddFile(file, required: true);
        keys.AddRange(held.Select(k => new AgentIdentity(options.Agent!, k.Key)));
        words.AddRange(held.Select(k => $"the agent's key {k.Comment}"));
        foreach (var file in options.DefaultKeyFiles.Where(File.Exists))
            AddFile(file, required: false);

        var methods = new List<AuthenticationMethod>();
        if (keys.Count > 0 && !options.PasswordFirst)
            methods.Add(new PrivateKeyAuthenticationMethod(options.User, [.. keys]));
        if (options.Password is { } password)
        {
            words.Add("the password");
            methods.Add(new PasswordAuthenticationMethod(options.User, password.Reveal()));
            var answers = new PasswordAnswers(password, words);
            var asked = new KeyboardInteractiveAuthenticationMethod(options.User);
            asked.AuthenticationPrompt += (_, e) =>
            {
                foreach (var prompt in e.Prompts)
                    prompt.Response = answers.To(prompt.Request, prompt.IsEchoed);
            };
            methods.Add(asked);
        }

        if (keys.Count > 0 && options.PasswordFirst)
            methods.Add(new PrivateKeyAuthenticationMethod(options.User, [.. keys]));

        if (methods.Count == 0)
        {
            throw new SealerException(
                "NoCredentials", ErrorKind.Authentication,
                $"Nothing is known that opens {options.Called} for '{options.User}'{(words.Count > 0 ? $" ({string.Join(", ", words)})" : "")}. Give a password or a key, or add one to the agent (ssh-add).", options.Called);
        }

        owned.AddRange(methods.OfType<IDisposable>());
        tried = words;
        return [.. methods];

        void AddFile(string file, bool required)
        {
            try
            {
                var (key, certificate) = Open(file, options);
                owned.Add(key);
                keys.Add(key);
                words.Add(certificate is null ? $"the key {file}" : $"the key {file} with the certificate {certificate}");
            }
            catch (Exception error) when (IsOfTheFile(error))
            {
                var why = error is SshPassPhraseNullOrEmptyException ? "it needs a passphrase"
                    : error is IOException or UnauthorizedAccessException ? error.Message
                    : options.Passphrase is not null ? "the passphrase does not open it, or it is no key"
                    : error is SshException or NotSupportedException ? error.Message
                    : "it is no key, or a broken one";
                // As ssh: what the agent holds needs no file that can be opened.
                if (required && !(PublicOf(file) is { } half && held.Any(k => k.Key.Equals(half))))
                {
                    if (error is FileNotFoundException or DirectoryNotFoundException)
                        throw new SealerException("KeyFileNotUsable", ErrorKind.NotFound, $"There is no key at '{file}' for {options.Called}. Give the path of a private key.", file, error);
                    throw new SealerException(
                        "KeyFileNotUsable", ErrorKind.Authentication,
                        $"The key '{file}' for {options.Called} cannot be used: {why.TrimEnd('.')}. Give its passphrase, add it to the agent (ssh-add), or name another.", file, error);
                }

                words.Add($"not the key {file} ({why})");
            }
        }
    }

    // What a wrong passphrase makes of a key is read as one, and may be found wrong anywhere in it.
    private static bool IsOfTheFile(Exception error) =>
        error is SshException or IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException or FormatException
            or System.Security.Cryptography.CryptographicException or System.Formats.Asn1.AsnContentException
            or ArithmeticException or InvalidOperationException or IndexOutOfRangeException or InvalidCastException or NullReferenceException or OutOfMemoryException;

    /// <summary>A key, with the certificate that is for it where there is one: beside it, or named.</summary>
    private static (PrivateKeyFile Key, string? Certificate) Open(string file, SshHostOptions options)
    {
        var passphrase = options.Passphrase?.Reveal();
        foreach (var certificate in options.CertificateFiles.Prepend(file + "-cert.pub").Where(File.Exists))
        {
            try
            {
                return (new PrivateKeyFile(file, passphrase, certificate), certificate);
            }
            catch (Exception error) when (error is not SshPassPhraseNullOrEmptyException && IsOfTheFile(error))
            {
                // Of another key, or none at all: as ssh, the key is shown without it.
            }
        }

        return (new PrivateKeyFile(file, passphrase), null);
    }

    private static List<SshAgentKey> Held(SshHostOptions options, List<string> words)
    {
        if (options.Agent is not { } agent)
            return [];
        try
        {
            var named = options.KeyFiles.Concat(options.DefaultKeyFiles).Select(PublicOf).OfType<HostKey>().ToList();
            return [.. agent.List().Where(k => !options.IdentitiesOnly || named.Contains(k.Key))
                // Servers count what they are offered: those that were named come first.
                .OrderBy(k => named.IndexOf(k.Key) is var i and >= 0 ? i : int.MaxValue)];
        }
        catch (SealerException error) when (error.Id == "SshAgentFailed")
        {
            // As ssh: without an agent the rest is tried.
            words.Add($"no agent ({error.Message})");
            return [];
        }
    }

    private static HostKey? PublicOf(string file)
    {
        try
        {
            var words = File.Exists(file + ".pub") ? File.ReadAllText(file + ".pub").Split(' ') : [];
            return words.Length >= 2 ? HostKey.TryParse(words[0], words[1].Trim()) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
