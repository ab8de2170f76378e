using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Archives;

namespace Sealer.PowerShell;

/// <summary>Reads images out of files and folders into the local store (sealer load).</summary>
/// <remarks>
/// <para>
/// Recognises by itself what it is given: OCI archives and folders, docker archives, skopeo's dir:, the parts that
/// Export-ClusterImage writes, sealer's bundle of several platforms, each also compressed. Everything is verified; nothing is
/// unpacked to a temporary place.
/// </para>
/// </remarks>
/// <example>
/// <code>Import-ClusterImage ./skyline-v3.tar</code>
/// Reads an archive.
/// </example>
/// <example>
/// <code>Import-ClusterImage ./skyline-v3.tar.parts.json | Test-ClusterImage</code>
/// Reads an archive that lies in parts, and verifies the image down to its container images.
/// </example>
/// <example>
/// <code pwsh="true">Get-ChildItem /media/usb/*.tar | Import-ClusterImage | Publish-ClusterImage</code>
/// Everything on a stick goes to its registry.
/// </example>
/// <seealso cref="ExportClusterImage"/>
/// <seealso cref="TestClusterImage"/>
[Cmdlet(VerbsData.Import, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByPath)]
[OutputType(typeof(ClusterImage))]
public sealed class ImportClusterImage : ImageCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    /// <summary>
    /// Files or folders; wildcards are understood. Of an archive in parts: its index, its first part, or its name without
    /// ending.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>As -Path, each character as it stands.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A name for an image to which the archive gives none.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference? Tag { get; set; }

    /// <summary>Takes only these platforms.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken) => await ForEachAsync(
        ParameterSetName == ByPath ? Path : LiteralPath,
        async given => await ForEachAsync(
            await OnPipeline(() => FullPaths(given, literal: ParameterSetName == ByLiteralPath)),
            path => ImportAsync(path, cancellationToken),
            cancellationToken),
        cancellationToken);

    private async Task ImportAsync(string path, CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync(path, "Load images"))
            return;
        var options = new ImportOptions { Platforms = Platform.Length > 0 ? Platform : null, Reference = Tag };
        await ForEachAsync(
            await ArchiveImport.ImportAsync(path, Store, options, Engine, cancellationToken),
            async stored => await WriteAsync(await ClusterImages.LoadAsync(Store, stored.Reference, stored.Descriptor, cancellationToken)),
            cancellationToken);
    }
}
