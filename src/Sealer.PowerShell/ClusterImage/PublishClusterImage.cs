using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Copying;

namespace Sealer.PowerShell;

/// <summary>Sends images of the local store to a registry (sealer push).</summary>
/// <remarks>
/// <para>
/// All platforms are sent, and what refers to the image, such as signatures. What the registry has already is not sent
/// again; what was cut off goes on where it ended.
/// </para>
/// </remarks>
/// <example>
/// <code>Publish-ClusterImage registry.example.com/skyline:v3</code>
/// Sends the image to the registry in its name.
/// </example>
/// <example>
/// <code>Get-ClusterImage skyline:v3 | Publish-ClusterImage -Destination registry.example.com/skyline:v3, backup.example.com/skyline:v3</code>
/// Sends an image under other names, to two registries.
/// </example>
/// <seealso cref="ReceiveClusterImage"/>
/// <seealso cref="ConnectClusterRegistry"/>
[Cmdlet(VerbsData.Publish, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(ClusterImage))]
public sealed class PublishClusterImage : SelectedRegistryImageCmdlet
{
    /// <summary>The names to send the image under; without, its own.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference[] Destination { get; set; } = [];

    /// <summary>Sends only these platforms of the image; the registry then has a smaller index of another digest.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    private protected override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken) => ForEachAsync(
        Destination.Length > 0 ? Destination : [image.Reference ?? throw NoName(image)],
        destination => PublishAsync(image, destination, cancellationToken),
        cancellationToken);

    private static SealerException NoName(ClusterImage image) => new(
        "ImageHasNoName",
        ErrorKind.InvalidInput,
        $"The image {image.Digest.Short} has no name that says where to send it. Give -Destination.",
        image.Digest);

    private async Task PublishAsync(ClusterImage image, ImageReference destination, CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync($"{image.Name} ({image.Digest.Short}, {ByteSize.Format(image.Size)})", $"Push to {destination}"))
            return;
        var options = new CopyOptions
        {
            Platforms = Platform.Length > 0 ? Platform : null,
            Referrers = true,
            Activity = $"Pushing {destination.ToFamiliarString()}",
        };
        await WriteAsync(await ImageTransfer.SendAsync(Store, image, Registries.Repository(destination), destination, options, Engine, cancellationToken));
    }
}
