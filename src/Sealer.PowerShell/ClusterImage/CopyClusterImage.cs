using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>Gives an image of the local store further names (sealer tag), or copies from registry to registry.</summary>
/// <remarks>
/// <para>The content is stored once, whatever the number of names. A name that was another image's moves to this one.</para>
/// <para>
/// With -Remote nothing touches the local store: the image goes from its registry to those of the destinations, and within
/// one registry nothing is transferred where the registry can take it over itself.
/// </para>
/// </remarks>
/// <example>
/// <code>Copy-ClusterImage skyline:v3 -Destination registry.example.com/skyline:v3, registry.example.com/skyline:latest</code>
/// Two more names, for a registry to be published to.
/// </example>
/// <example>
/// <code>Get-ClusterImage skyline:v3 | Copy-ClusterImage -Destination registry.example.com/skyline:v3 | Publish-ClusterImage</code>
/// The copies go on through the pipeline.
/// </example>
/// <example>
/// <code>Copy-ClusterImage staging.example.com/skyline:v3 -Destination registry.example.com/skyline:v3 -Remote</code>
/// From one registry to another.
/// </example>
/// <seealso cref="PublishClusterImage"/>
[Cmdlet(VerbsCommon.Copy, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(ClusterImage))]
public sealed class CopyClusterImage : SelectedRegistryImageCmdlet
{
    /// <summary>The new names, for example <c>registry.example.com/skyline:v3</c>.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [Alias("Tag")]
    public ImageReference[] Destination { get; set; } = [];

    /// <summary>Copies from the registry in the image's name to the registries of the destinations, not in the local store.</summary>
    [Parameter]
    public SwitchParameter Remote { get; set; }

    /// <summary>Copies only these platforms; of one, the new name then stands for its image alone.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    private protected override async Task<IReadOnlyList<ClusterImage>> SelectAsync(string name, CancellationToken cancellationToken)
    {
        if (!Remote)
            return await base.SelectAsync(name, cancellationToken);
        var reference = ImageReference.Parse(name);
        return [await ClusterImages.LoadAsync(Registries.Repository(reference), reference, cancellationToken)];
    }

    private protected override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken) => ForEachAsync(
        Destination,
        async destination =>
        {
            if (!await ShouldProcessAsync(image.Name, $"Copy to {destination.ToFamiliarString()}"))
                return;
            if (Remote)
                await CopyRemoteAsync(image, destination, cancellationToken);
            else
                await CopyLocalAsync(image, destination, cancellationToken);
        },
        cancellationToken);

    private CopyOptions Options(ClusterImage image, ImageReference destination) => new()
    {
        Platforms = Platform.Length > 0 ? Platform : null,
        Referrers = true,
        Activity = $"Copying {image.Name} to {destination.ToFamiliarString()}",
    };

    private async Task CopyLocalAsync(ClusterImage image, ImageReference destination, CancellationToken cancellationToken)
    {
        using var lease = await Store.LeaseAsync(cancellationToken);
        var copied = Platform.Length == 0
            ? image.Descriptor
            : await ImageCopier.CopyAsync(Store, image.Descriptor, Store, Options(image, destination), Engine, cancellationToken);
        await Store.TagAsync(destination, copied, cancellationToken);
        await WriteAsync(await ClusterImages.LoadAsync(Store, destination, cancellationToken));
    }

    private async Task CopyRemoteAsync(ClusterImage image, ImageReference destination, CancellationToken cancellationToken)
    {
        var source = image.Reference ?? throw new SealerException(
            "ImageHasNoName", ErrorKind.InvalidInput, $"The image {image.Digest.Short} has no name that says which registry has it.", image.Digest);
        string[] mountFrom = source.Domain == destination.Domain ? [source.Repository] : [];
        var to = Registries.Client(destination.Domain).Repository(destination, mountFrom);
        var copied = await ImageCopier.CopyAsync(Registries.Repository(source), image.Descriptor, to, Options(image, destination), Engine, cancellationToken);
        if (destination.Tag is not null)
            await to.TagAsync(destination, copied, cancellationToken);
        await WriteAsync(await ClusterImages.LoadAsync(to, destination, copied, cancellationToken));
    }
}
