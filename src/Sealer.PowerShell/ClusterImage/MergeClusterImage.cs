using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Merging;

namespace Sealer.PowerShell;

/// <summary>Makes one cluster image of several, for example of a cluster and its applications (sealer alpha merge).</summary>
/// <remarks>
/// <para>
/// The layers of the images lie one over the other in the order given; nothing is copied. What several images claim is
/// settled by one rule, the later image wins, and every such case is told as a warning.
/// </para>
/// <para>
/// Files: the later image's, unless it has the file unchanged from what both were built from. Applications of one name: the
/// later, with its files alone. Container images of one name: the later; of one path at two registries: both are served.
/// Labels, annotations, ENV and settings: the later value. LAUNCH and CMDS: those of all images in order, each once; where
/// one launches applications and another one runs commands, what the later image says.
/// </para>
/// <para>
/// Images for several platforms are merged platform by platform; all must be for the same ones, or -Platform says which. With
/// -WhatIf every collision is shown and nothing is written. As objects they are in the information stream, in MessageData of
/// the records with the tag MergeCollision.
/// </para>
/// </remarks>
/// <example>
/// <code>Merge-ClusterImage skyline:v2, skyline:v3 -Tag skyline:all -Platform linux/amd64 -WhatIf</code>
/// What do the two both claim, and what would become of it?
/// </example>
/// <example>
/// <code>
/// Merge-ClusterImage skyline:v2, skyline:v3 -Tag registry.example.com/skyline:all -Platform linux/amd64 -InformationVariable told |
///     Publish-ClusterImage
/// $told.MessageData | Where-Object Kind -eq File
/// </code>
/// One image of two goes to its registry; then the files that both had, with what became of each.
/// </example>
/// <seealso cref="CompareClusterImage"/>
/// <seealso cref="NewClusterImageIndex"/>
[Cmdlet(VerbsData.Merge, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(ClusterImage))]
[InformationType(typeof(MergeCollision))]
public sealed class MergeClusterImage : GatheredImagesCmdlet
{
    /// <summary>The name of the merged image; what had it before loses it.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference? Tag { get; set; }

    /// <summary>Merges only these platforms, which every image must have.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    [PSDefaultValue(Help = "All, which must be the same in every image")]
    public Platform[] Platform { get; set; } = [];

    private protected override async Task EndAsync(IReadOnlyList<ClusterImage> images, CancellationToken cancellationToken)
    {
        var options = new MergeOptions { Platforms = Platform };
        var reason = ShouldProcessReason.None;
        var what = $"Merge {string.Join(", ", images.Select(image => image.Name))} into {Tag!.ToFamiliarString()}";
        if (await OnPipeline(() => ShouldProcess(what, what + "?", "Merge cluster images", out reason)))
        {
            var merged = await ImageMerger.MergeAsync(Store, Tag, images, options, Engine, cancellationToken);
            await TellAsync(merged.Collisions);
            foreach (var line in CollisionText.Warnings(merged.Collisions))
                await WarnAsync(line);
            await WriteAsync(merged.Image);
        }
        else if (reason == ShouldProcessReason.WhatIf)
        {
            var collisions = await ImageMerger.PreviewAsync(Store, images, options, Engine, cancellationToken);
            await TellAsync(collisions);
            foreach (var line in CollisionText.Lines(collisions))
                await OnPipeline(() => WriteInformation(new HostInformationMessage { Message = PlainText.Of(line) }, ["PSHOST"]));
        }
    }

    private async Task TellAsync(IReadOnlyList<MergeCollision> collisions)
    {
        foreach (var collision in collisions)
            await OnPipeline(() => WriteInformation(collision, ["MergeCollision"]));
    }
}
