using System.Collections;
using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that builds cluster images.</summary>
public abstract class ImageBuildCmdlet : ImageCmdlet
{
    /// <summary>What to build for, for example <c>linux/amd64, linux/arm64</c>. Several make an image of several platforms.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    [PSDefaultValue(Help = "Linux on this machine's processor")]
    public Platform[] Platform { get; set; } = [];

    /// <summary>Labels of the image, on top of its own: a hashtable, or <c>name=value</c> text.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [KeyValue]
    public IDictionary? Label { get; set; }

    /// <summary>
    /// Archives and folders that container images are taken from: <c>oci-archive:path[:name]</c>, <c>oci:path[:name]</c>,
    /// <c>docker-archive:path[:name]</c>.
    /// </summary>
    [Parameter]
    public string[] ImageArchive { get; set; } = [];

    /// <summary>Registries (<c>host</c> or <c>host:port</c>) that are talked to without TLS.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    public string[] PlainHttp { get; set; } = [];

    /// <summary>Registries (<c>host</c> or <c>host:port</c>) whose certificate is not checked.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    public string[] SkipCertificateCheck { get; set; } = [];

    /// <summary>PEM files of authorities that are trusted besides those of the system.</summary>
    [Parameter]
    public string[] CertificateAuthority { get; set; } = [];

    /// <summary>
    /// Hosts (<c>host</c> or <c>host:port</c>) that may be sent the credentials where a registry names them as its token
    /// server. Those that obviously belong to the registry need not be named.
    /// </summary>
    [Parameter]
    public string[] TrustedRealm { get; set; } = [];

    private protected RegistryOptions RegistryOptions => new()
    {
        Credentials = CredentialStore.Open(SealerHome.FromEnvironment(), Engine),
        CertificateAuthorityFiles = [.. CertificateAuthority.Select(FullPath)],
        PlainHttp = PlainHttp,
        SkipCertificateCheck = SkipCertificateCheck,
        TrustedRealms = TrustedRealm,
        Events = Engine,
    };

    private protected IReadOnlyList<string> ImageArchives => [.. ImageArchive.Select(Archive)];

    /// <summary>Builds once that is agreed to; with -WhatIf shows what would be built.</summary>
    private protected async Task BuildAsync(string what, Func<Task<ClusterImage>> build, Func<Task<BuildPreview>> preview)
    {
        var reason = ShouldProcessReason.None;
        if (await OnPipeline(() => ShouldProcess(what, what + "?", "Build cluster image", out reason)))
            await WriteAsync(await build());
        else if (reason == ShouldProcessReason.WhatIf)
            await ShowAsync(await preview());
    }

    /// <summary>A place in an archive with its full path: the engine does not know PowerShell's current folder.</summary>
    private string Archive(string text)
    {
        var kind = text.IndexOf(':', StringComparison.Ordinal);
        // C:\x.tar:name has a colon of its own.
        var name = kind < 0 ? -1 : text.IndexOf(':', Math.Min(text.Length, kind + 3));
        return kind < 0
            ? text
            : $"{text[..kind]}:{FullPath(name < 0 ? text[(kind + 1)..] : text[(kind + 1)..name])}{(name < 0 ? "" : text[name..])}";
    }

    private async Task ShowAsync(BuildPreview preview)
    {
        await OnPipeline(() => WriteInformation(preview, ["BuildPreview"]));
        foreach (var line in PreviewText.Lines(preview))
            await OnPipeline(() => WriteInformation(new HostInformationMessage { Message = PlainText.Of(line) }, ["PSHOST"]));
    }
}
