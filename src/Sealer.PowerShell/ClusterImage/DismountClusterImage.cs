using System.Management.Automation;
using Sealer.Images.Layers;

namespace Sealer.PowerShell;

/// <summary>Takes a mounted image's files away again (sealer alpha umount).</summary>
/// <remarks>
/// <para>What was changed in the folder is gone, and the folder too where mounting made it. The image stays as it is.</para>
/// </remarks>
/// <example>
/// <code>Dismount-ClusterImage ./rootfs</code>
/// Dismounts one image.
/// </example>
/// <example>
/// <code>Mount-ClusterImage | Dismount-ClusterImage</code>
/// Dismounts everything.
/// </example>
/// <returns>Nothing; with -PassThru what was mounted.</returns>
/// <seealso cref="MountClusterImage"/>
[Cmdlet(VerbsData.Dismount, "ClusterImage", SupportsShouldProcess = true)]
[OutputType(typeof(ImageMount))]
public sealed class DismountClusterImage : ImageCmdlet
{
    /// <summary>Folders in which images are mounted.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Returns what was mounted.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override Task ProcessAsync(CancellationToken cancellationToken) => ForEachAsync(
        Path,
        async given =>
        {
            var path = FullPath(given);
            if (!await ShouldProcessAsync(path, "Dismount image"))
                return;
            var mount = await new ImageMounts(Store).DismountAsync(path, cancellationToken);
            if (PassThru)
                await WriteAsync(mount);
        },
        cancellationToken);
}
