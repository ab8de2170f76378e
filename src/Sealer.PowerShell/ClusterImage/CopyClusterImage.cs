using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>Gives an image of the local store further names (sealer tag).</summary>
/// <remarks>
/// <para>The content is stored once, whatever the number of names. A name that was another image's moves to this one.</para>
/// </remarks>
/// <example>
/// <code>Copy-ClusterImage skyline:v3 -Destination registry.example.com/skyline:v3, registry.example.com/skyline:latest</code>
/// Two more names, for a registry to be published to.
/// </example>
/// <example>
/// <code>Get-ClusterImage skyline:v3 | Copy-ClusterImage -Destination registry.example.com/skyline:v3 | Publish-ClusterImage</code>
/// The copies go on through the pipeline.
/// </example>
[Cmdlet(VerbsCommon.Copy, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByName)]
[OutputType(typeof(ClusterImage))]
public sealed class CopyClusterImage : SelectedImageCmdlet
{
    /// <summary>The new names, for example <c>registry.example.com/skyline:v3</c>.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [Alias("Tag")]
    public ImageReference[] Destination { get; set; } = [];

    private protected override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken) => ForEachAsync(
        Destination,
        async destination =>
        {
            if (!await ShouldProcessAsync(image.Name, $"Copy to {destination.ToFamiliarString()}"))
                return;
            await Store.TagAsync(destination, image.Descriptor, cancellationToken);
            await WriteAsync(await ClusterImages.LoadAsync(Store, destination, cancellationToken));
        },
        cancellationToken);
}
