using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Copying;

namespace Sealer.PowerShell;

/// <summary>Fetches images from a registry into the local store (sealer pull).</summary>
/// <remarks>
/// <para>
/// Everything is verified by digest. What the store has already is not fetched again; what was cut off goes on where it
/// ended. All platforms are fetched unless -Platform says which.
/// </para>
/// </remarks>
/// <example>
/// <code>Receive-ClusterImage registry.example.com/skyline:v3</code>
/// Fetches an image with all its platforms.
/// </example>
/// <example>
/// <code>Receive-ClusterImage registry.example.com/skyline:v3 -Platform linux/arm64 | Export-ClusterImage -Path ./skyline-arm64.tar</code>
/// Fetches one platform and writes it to a file.
/// </example>
/// <seealso cref="PublishClusterImage"/>
/// <seealso cref="FindClusterImage"/>
[Cmdlet(VerbsCommunications.Receive, "ClusterImage", SupportsShouldProcess = true)]
[OutputType(typeof(ClusterImage))]
public sealed class ReceiveClusterImage : RegistryCmdlet
{
    /// <summary>Names of images in registries, by tag or digest; a name without either means <c>latest</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public ImageReference[] Name { get; set; } = [];

    /// <summary>Fetches only these platforms. Of one, the name then stands for its image alone.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        ForEachAsync(Name, name => ReceiveAsync(name, cancellationToken), cancellationToken);

    private async Task ReceiveAsync(ImageReference name, CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync(name.ToString(), "Pull image"))
            return;
        var options = new CopyOptions
        {
            Platforms = Platform.Length > 0 ? Platform : null,
            Referrers = true,
            Activity = $"Pulling {name.ToFamiliarString()}",
        };
        await WriteAsync(await ImageTransfer.ReceiveAsync(Registries.Repository(name), name, Store, options, Engine, cancellationToken));
    }
}
