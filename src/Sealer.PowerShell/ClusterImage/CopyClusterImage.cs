using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Copying;

namespace Sealer.PowerShell;

/// <summary>Gives an image of the local store further names (sealer tag), or copies from registry to registry.</summary>
/// <remarks>
/// <para>The content is stored once, whatever the number of names. A name that was another image's moves to this one.</para>
/// <para>
/// With -Remote nothing touches the local store: the image goes from its registry to those of the destinations, and within
/// one registry nothing is transferred where the registry can take it over itself.
/// </para>
/// <para>
/// -Credential, -ClientCertificate, -PlainHttp and -SkipCertificateCheck are about the registry of the destination. What the
/// registry of the source needs comes from Connect-ClusterRegistry, Docker and podman.
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
        Registries.BelongTo(Destination[0].Domain);
        return [await ClusterImages.LoadAsync(Registries.Source(reference), reference, cancellationToken)];
    }

    private protected override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken) => ForEachAsync(
        Destination,
        async destination =>
        {
            if (!await ShouldProcessAsync(image.Name, $"Copy to {destination.ToFamiliarString()}"))
                return;
            await WriteAsync(await (Remote ? CopyRemoteAsync(image, destination, cancellationToken) : CopyLocalAsync(image, destination, cancellationToken)));
        },
        cancellationToken);

    private CopyOptions Options(ClusterImage image, ImageReference destination) => new()
    {
        Platforms = Platform.Length > 0 ? Platform : null,
        Referrers = true,
        Activity = $"Copying {image.Name} to {destination.ToFamiliarString()}",
    };

    private Task<ClusterImage> CopyLocalAsync(ClusterImage image, ImageReference destination, CancellationToken cancellationToken) =>
        ImageTransfer.SendAsync(Store, image, Store, destination, Options(image, destination), Engine, cancellationToken);

    private Task<ClusterImage> CopyRemoteAsync(ClusterImage image, ImageReference destination, CancellationToken cancellationToken)
    {
        var source = image.Reference ?? throw new SealerException(
            "ImageHasNoName", ErrorKind.InvalidInput, $"The image {image.Digest.Short} has no name that says which registry has it. Give it one with Copy-ClusterImage first.", image.Digest);
        string[] mountFrom = source.Domain == destination.Domain ? [source.Repository] : [];
        var to = Registries.Client(destination.Domain).Repository(destination, mountFrom);
        return ImageTransfer.SendAsync(Registries.Source(source), image, to, destination, Options(image, destination), Engine, cancellationToken);
    }
}
