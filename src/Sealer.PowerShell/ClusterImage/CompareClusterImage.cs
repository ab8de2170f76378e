using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Comparing;

namespace Sealer.PowerShell;

/// <summary>Tells in what two images differ: files, container images, applications and settings (diff; sealer has none).</summary>
/// <remarks>
/// <para>
/// One object a difference: what part of the image, what it is called, and what either image has. Files are compared by mode,
/// owner, size and content, times are no difference. Where the images are alike, nothing is returned.
/// </para>
/// </remarks>
/// <example>
/// <code>Compare-ClusterImage skyline:v2 skyline:v3</code>
/// Everything that v3 changes.
/// </example>
/// <example>
/// <code>Compare-ClusterImage skyline:v2 skyline:v3 -Area ContainerImage, Setting</code>
/// Only container images and settings. No layer is read, so that it is quick.
/// </example>
/// <seealso cref="TestClusterImage"/>
[Cmdlet(VerbsData.Compare, "ClusterImage")]
[OutputType(typeof(ImageDifference))]
public sealed class CompareClusterImage : ImageCmdlet
{
    /// <summary>The image before: a name, or an image as Get-ClusterImage returns it.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNull]
    public PSObject? ReferenceImage { get; set; }

    /// <summary>The image after: a name, or an image as Get-ClusterImage returns it.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNull]
    public PSObject? DifferenceImage { get; set; }

    /// <summary>Tells only differences in these parts of the image.</summary>
    [Parameter]
    public DifferenceArea[] Area { get; set; } = [];

    /// <summary>Compares only these platforms; without, all that both images have.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var before = await OneAsync(ReferenceImage!);
        var after = await OneAsync(DifferenceImage!);
        var options = new CompareOptions
        {
            Platforms = Platform.Length > 0 ? Platform : null,
            Files = Area.Length == 0 || Area.Contains(DifferenceArea.File),
        };
        await foreach (var difference in ImageComparer.CompareAsync(Store, before, Store, after, options, Engine, cancellationToken))
        {
            if (Area.Length == 0 || Area.Contains(difference.Area))
                await WriteAsync(difference);
        }

        async Task<ClusterImage> OneAsync(PSObject given) =>
            given.BaseObject as ClusterImage ?? await FindOneAsync(given.ToString(), cancellationToken);
    }
}
