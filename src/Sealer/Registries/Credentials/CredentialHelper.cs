using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Registries.Credentials;

/// <summary>
/// A program <c>docker-credential-NAME</c> that keeps secrets in the system's keychain. All that is secret goes through
/// its standard input and output, nothing through its command line.
/// </summary>
internal sealed class CredentialHelper
{
    private const string TokenUser = "<token>";
    private const string NotThere = "credentials not found";
    private const int MaxOutput = 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _program;
    private readonly string _name;

    private CredentialHelper(string name, string program)
    {
        _name = name;
        _program = program;
    }

    /// <summary>Finds a helper; null where it is not installed.</summary>
    /// <param name="name">The part after <c>docker-credential-</c>.</param>
    /// <param name="searchPath">Folders as in PATH. The current folder is not searched, whatever the system does.</param>
    public static CredentialHelper? Find(string name, string searchPath)
    {
        if (name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            return null;
        var file = "docker-credential-" + name + (OperatingSystem.IsWindows() ? ".exe" : "");
        var program = searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
        return program is null ? null : new CredentialHelper(name, program);
    }

    /// <summary>Asks for the credential of a domain; null where the helper has none.</summary>
    public async Task<RegistryCredential?> GetAsync(string domain, CancellationToken cancellationToken)
    {
        var (code, output) = await RunAsync("get", Server(domain), cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            return output.Contains(NotThere, StringComparison.OrdinalIgnoreCase)
                ? null
                : throw Failed($"did not give the credentials of {domain}: {Registries.Connections.RegistryFailure.Clean(output)}");
        }

        try
        {
            var answer = JsonNode.Parse(output) as JsonObject;
            var user = answer?["Username"]?.GetValue<string>() ?? "";
            var secret = answer?["Secret"]?.GetValue<string>() ?? "";
            if (user.Length == 0 && secret.Length == 0)
                return null;
            var credential = new RegistryCredential { UserName = user == TokenUser ? "" : user, Origin = $"docker-credential-{_name}" };
            return user == TokenUser
                ? credential with { IdentityToken = Secret.Of(secret) }
                : credential with { Password = Secret.Of(secret) };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw Failed($"gave an answer for {domain} that cannot be read");
        }
    }

    /// <summary>Has the helper keep a credential.</summary>
    public async Task StoreAsync(string domain, RegistryCredential credential, CancellationToken cancellationToken)
    {
        var input = new JsonObject
        {
            ["ServerURL"] = Server(domain),
            ["Username"] = credential.IdentityToken is null ? credential.UserName : TokenUser,
            ["Secret"] = (credential.IdentityToken ?? credential.Password)?.Reveal() ?? "",
        };

        // What it prints may quote what it was given, and is not repeated.
        var (code, _) = await RunAsync("store", input.ToJsonString(), cancellationToken).ConfigureAwait(false);
        if (code != 0)
            throw Failed($"did not take the credentials of {domain}");
    }

    /// <summary>Has the helper forget a domain.</summary>
    public async Task EraseAsync(string domain, CancellationToken cancellationToken)
    {
        var (code, output) = await RunAsync("erase", Server(domain), cancellationToken).ConfigureAwait(false);
        if (code != 0 && !output.Contains(NotThere, StringComparison.OrdinalIgnoreCase))
            throw Failed($"did not forget the credentials of {domain}, which it still has");
    }

    private static string Server(string domain) =>
        CredentialKey.Normalize(domain) == "docker.io" ? CredentialKey.LegacyDockerHub : domain;

    private async Task<(int Code, string Output)> RunAsync(string verb, string input, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(_program)
            {
                ArgumentList = { verb },
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                CreateNoWindow = true,
            },
        };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            process.Start();
            var output = ReadAsync(process.StandardOutput, timeout.Token);
            var error = ReadAsync(process.StandardError, timeout.Token);
            try
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), timeout.Token).ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It did not wait for its input; its answer says why.
            }

            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            var text = await output.ConfigureAwait(false);
            var complaint = await error.ConfigureAwait(false);
            return (process.ExitCode, process.ExitCode != 0 && text.Length == 0 ? complaint : text);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw Failed($"did not answer within {Patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw Failed($"cannot be run: {e.Message}");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[4096];
        var text = new System.Text.StringBuilder();
        int count;
        while ((count = await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (text.Length < MaxOutput)
                text.Append(buffer, 0, count);
        }

        return text.ToString();
    }

    private SealerException Failed(string how) => new(
        "CredentialHelperFailed",
        ErrorKind.ResourceUnavailable,
        $"The credential helper docker-credential-{_name} {how}. Try '{_program} list', or log on with Connect-ClusterRegistry.",
        _name);
}
