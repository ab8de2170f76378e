using System.Management.Automation;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.PowerShell;

/// <summary>Lays the files of an image into a folder, to be looked at and changed there (sealer alpha mount).</summary>
/// <remarks>
/// <para>
/// As root on Linux the layers are laid over each other by the kernel, so that mounts share them; elsewhere they are
/// extracted. What is changed in the folder never changes the image. Without a name it lists what is mounted.
/// </para>
/// </remarks>
/// <example>
/// <code>Mount-ClusterImage skyline:v3 -Path ./rootfs</code>
/// The files of skyline for this machine's processor, in ./rootfs.
/// </example>
/// <example>
/// <code>Mount-ClusterImage</code>
/// What is mounted, and where?
/// </example>
/// <seealso cref="DismountClusterImage"/>
[Cmdlet(VerbsData.Mount, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = Listing)]
[OutputType(typeof(ImageMount))]
public sealed class MountClusterImage : ImageCmdlet
{
    private const string Listing = "List";
    private const string ByName = "Name";
    private const string ByObject = "InputObject";

    /// <summary>The name of an image in the local store.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>An image as Get-ClusterImage, Build-ClusterImage and others return it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByObject, ValueFromPipeline = true)]
    [Alias("Image")]
    [ValidateNotNull]
    public ClusterImage? InputObject { get; set; }

    /// <summary>The folder; must not exist, or be empty.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByName)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByObject)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The platform whose files are wanted; without, Linux on this machine's processor, or the only one there is.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByObject)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform? Platform { get; set; }

    /// <summary>Extracts the layers even where they could be laid over each other.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByObject)]
    public SwitchParameter Extract { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName == Listing)
        {
            await WriteAsync(new ImageMounts(Store).List(), enumerate: true);
            return;
        }

        await MountAsync(InputObject ?? await FindOneAsync(Name, cancellationToken), cancellationToken);
    }

    private async Task MountAsync(ClusterImage image, CancellationToken cancellationToken)
    {
        var path = FullPath(Path);
        var member = ImageMounts.MemberFor(image, Platform);
        if (!await ShouldProcessAsync(path, $"Mount {image.Name} ({string.Join(", ", member.Platforms)})"))
            return;
        var options = new MountOptions { Overlay = Extract ? false : null };
        await WriteAsync(await new ImageMounts(Store).MountAsync(
            image, Platform, path, options, new Extracted(Engine, $"Mounting {image.Name}"), cancellationToken));
    }

    private sealed class Extracted(IProgress<SealerEvent> engine, string activity) : IProgress<long>
    {
        public void Report(long value) => engine.Report(new ProgressEvent(activity, "files", value, null));
    }
}
