using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that does something with images of the local store and a registry.</summary>
public abstract class SelectedRegistryImageCmdlet : RegistryCmdlet
{
    private protected const string ByName = SelectedImageCmdlet.ByName;
    private protected const string ByObject = SelectedImageCmdlet.ByObject;

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

    /// <summary>The images that a name stands for.</summary>
    private protected virtual Task<IReadOnlyList<ClusterImage>> SelectAsync(string name, CancellationToken cancellationToken) =>
        FindAsync(name, cancellationToken);

    /// <summary>Does the work for one image.</summary>
    private protected abstract Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken);

    private protected override Task ProcessAsync(CancellationToken cancellationToken) => ParameterSetName == ByObject
        ? ForEachAsync(InputObject, image => ProcessAsync(image, cancellationToken), cancellationToken)
        : ForEachImageAsync(Name, name => SelectAsync(name, cancellationToken), image => ProcessAsync(image, cancellationToken), cancellationToken);
}
