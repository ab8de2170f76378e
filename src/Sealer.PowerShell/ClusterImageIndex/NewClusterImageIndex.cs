using System.Collections;
using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Building;

namespace Sealer.PowerShell;

/// <summary>Puts images that were built apart, each for its platform, under one name (sealer alpha manifest).</summary>
/// <remarks>
/// <para>
/// The images are of one type and each for another platform; one that stands for several platforms adds each of them. Nothing
/// is copied.
/// </para>
/// </remarks>
/// <example>
/// <code>New-ClusterImageIndex skyline:v3-amd64, skyline:v3-arm64 -Tag registry.example.com/skyline:v3</code>
/// One name for two images that two agents have built.
/// </example>
/// <example>
/// <code>Get-ClusterImage skyline:v3-* | New-ClusterImageIndex -Tag registry.example.com/skyline:v3 | Publish-ClusterImage</code>
/// Whatever was built for v3 is published as one.
/// </example>
/// <seealso cref="BuildClusterImage"/>
[Cmdlet(VerbsCommon.New, "ClusterImageIndex", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(ClusterImage))]
public sealed class NewClusterImageIndex : GatheredImagesCmdlet
{
    /// <summary>The name; what had it before loses it.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference? Tag { get; set; }

    /// <summary>Annotations of the index: a hashtable, or <c>name=value</c> text.</summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Annotation { get; set; }

    private protected override async Task EndAsync(IReadOnlyList<ClusterImage> images, CancellationToken cancellationToken)
    {
        if (await ShouldProcessAsync(Tag!.ToFamiliarString(), $"Name {string.Join(", ", images.Select(image => image.Name))}"))
            await WriteAsync(await ImageIndexBuilder.CreateAsync(Store, Tag, images, KeyValueAttribute.Read(Annotation), cancellationToken));
    }
}
