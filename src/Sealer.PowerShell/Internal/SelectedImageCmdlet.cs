using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that does something with images of the local store, given by name or as objects.</summary>
public abstract class SelectedImageCmdlet : ImageCmdlet
{
    internal const string ByName = "Name";

    // The default: of the default set PowerShell tries every parameter first, and an image would be bound by its property
    // Name, which need not stand for this very image (of one platform, of a registry).
    internal const string ByObject = "InputObject";

    /// <summary>
    /// Names of images in the local store. Wildcards are understood, and a digest or its beginning; a name without a tag
    /// means <c>latest</c>.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Images as Get-ClusterImage, Build-ClusterImage and others return them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByObject, ValueFromPipeline = true)]
    [Alias("Image")]
    [ValidateNotNullOrEmpty]
    public ClusterImage[] InputObject { get; set; } = [];

    /// <summary>Does the work for one image.</summary>
    private protected abstract Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken);

    private protected override Task ProcessAsync(CancellationToken cancellationToken) => ParameterSetName == ByObject
        ? ForEachAsync(InputObject, image => ProcessAsync(image, cancellationToken), cancellationToken)
        : ForEachImageAsync(Name, name => FindAsync(name, cancellationToken), image => ProcessAsync(image, cancellationToken), cancellationToken);
}
