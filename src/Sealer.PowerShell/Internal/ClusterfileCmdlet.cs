using System.Collections;
using System.Management.Automation;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that reads Clusterfiles: files, or text that is piped in, line by line or as a whole.</summary>
public abstract class ClusterfileCmdlet : CredentialCmdlet
{
    private protected const string ByPath = "Path";
    private protected const string ByText = "Text";

    private readonly List<string> _lines = [];

    /// <summary>Clusterfiles; wildcards are understood.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = ByPath)]
    [Alias("FullName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "The file Clusterfile in the current folder")]
    public string[] Path { get; set; } = ["Clusterfile"];

    /// <summary>A Clusterfile's text: one, or its lines.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByText)]
    [AllowEmptyString]
    public string[] Text { get; set; } = [];

    /// <summary>
    /// Variables over those of the cluster (sealer -e): a hashtable, or <c>NAME=VALUE</c>. A SecureString is a secret. Hosts' and
    /// applications' own variables still win.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>
    /// Values over those of the document Cluster, by path: <c>@{ 'image' = 'skyline:v4'; 'registry.localRegistry.port' = 5001;
    /// 'hosts[0].ssh.user' = 'ops' }</c>. They are checked as those of the file are.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Value { get; set; }

    /// <summary>Takes fields and kinds that nobody knows for warnings, in files that other programs wrote.</summary>
    [Parameter]
    public SwitchParameter IgnoreUnknown { get; set; }

    /// <summary>False: secrets that the file names elsewhere are not read.</summary>
    private protected abstract bool ResolvesSecrets { get; }

    /// <summary>One file or text.</summary>
    private protected abstract Task ProcessAsync(Source source, CancellationToken cancellationToken);

    private protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName == ByText)
        {
            _lines.AddRange(Text);
            return;
        }

        foreach (var given in Path)
        {
            foreach (var path in await OnPipeline(() => FullPaths(given, literal: false)))
                await GuardAsync(new Source(this, path, WildcardPattern.ContainsWildcardCharacters(given) ? path : given), cancellationToken);
        }
    }

    private protected sealed override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName != ByText)
            return;
        // One line that is a file's name was meant as one: text of a Clusterfile has more.
        if (_lines is [var only] && !only.Contains('\n', StringComparison.Ordinal) && !only.Contains(": ", StringComparison.Ordinal)
            && only.Length is > 0 and < 4096 && File.Exists(await OnPipeline(() => FullPath(only))))
        {
            throw new SealerException("NotAClusterfile", ErrorKind.InvalidInput, $"'{only}' is the path of a file, and text was piped in. Give it as -Path.", only);
        }

        await ProcessAsync(new Source(this, null, "Clusterfile"), cancellationToken);
    }

    private async Task GuardAsync(Source source, CancellationToken cancellationToken)
    {
        try
        {
            await ProcessAsync(source, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && Errors.IsUsers(e))
        {
            foreach (var error in Errors.Each(e))
                await WriteErrorAsync(error);
        }
    }

    private ClusterfileReadOptions Options(string name, string folder) => new()
    {
        FileName = name,
        BaseFolder = folder,
        Tolerant = IgnoreUnknown,
        ResolveSecrets = ResolvesSecrets,
        GivenSecrets = GivenSecrets.Of(Credential, KeyPath is not null),
        Environment = ClusterfileVariables.Of(Environment),
        Values = [.. KeyValueAttribute.ReadLists(Value)],
    };

    private Cluster Complete(ClusterSpec spec, string? path)
    {
        if (HasCredential)
            spec = spec.WithSsh(ssh => ssh with { User = Credential!.UserName, Password = SecretAttribute.Of(Credential), SudoPassword = null });
        if (KeyPath is not null)
        {
            var key = FullPath(KeyPath);
            spec = spec.WithSsh(ssh => ssh with { PrivateKeyPath = key, PrivateKeyPassphrase = SecretAttribute.Of(KeyPassphrase) });
        }

        return new Cluster(spec, path);
    }

    /// <summary>A Clusterfile that was named or piped.</summary>
    private protected sealed class Source(ClusterfileCmdlet cmdlet, string? path, string name)
    {
        /// <summary>How the user named it.</summary>
        public string Name { get; } = name;

        /// <summary>Reads it; mistakes are in the result.</summary>
        /// <exception cref="SealerException"><c>ClusterfileNotFound</c>, <c>ClusterfileUnreadable</c>.</exception>
        public async Task<ClusterfileReadResult> ReadAsync()
        {
            var folder = await cmdlet.OnPipeline(() => cmdlet.FullPath("."));
            return path is null
                ? Sealer.Clusterfiles.Clusterfile.Read(string.Join('\n', cmdlet._lines), cmdlet.Options(Name, folder))
                : Sealer.Clusterfiles.Clusterfile.ReadFile(path, cmdlet.Options(Name, System.IO.Path.GetDirectoryName(path) ?? folder));
        }

        /// <summary>The cluster, with what was given for its hosts.</summary>
        public Task<Cluster> CompleteAsync(ClusterSpec spec) => cmdlet.OnPipeline(() => cmdlet.Complete(spec, path));
    }
}
