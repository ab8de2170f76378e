using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>Gets images of the local store with all that is known of them (sealer images, sealer inspect).</summary>
/// <remarks>
/// <para>
/// Without a name it lists all. An image is returned with its platforms, type, applications, container images, labels,
/// environment, launch commands and layers: <c>Format-List *</c> shows them.
/// </para>
/// <para>
/// What an image says of itself was written by whoever made it. The tables of this module show it without what a terminal or
/// the agent of a pipeline would carry out; the properties (Labels, Env, Applications, Layers, ...) hold it as it is, and so
/// does what is printed of them by other means, as by <c>Format-List *</c>.
/// </para>
/// <para>A name that stands for several platforms is one object; its property Images holds one a platform.</para>
/// </remarks>
/// <example>
/// <code>Get-ClusterImage</code>
/// Lists the images of the local store.
/// </example>
/// <example>
/// <code>(Get-ClusterImage registry.example.com/skyline:v3).ContainerImages</code>
/// Which container images does it carry, for which application and platform?
/// </example>
/// <example>
/// <code>(Get-ClusterImage *skyline* -Platform linux/amd64).ToInspectJson()</code>
/// The document that sealer inspect prints.
/// </example>
/// <seealso cref="RemoveClusterImage"/>
[Cmdlet(VerbsCommon.Get, "ClusterImage")]
[OutputType(typeof(ClusterImage))]
public sealed class GetClusterImage : ImageCmdlet
{
    /// <summary>
    /// Names of images. Wildcards are understood, and a digest or its beginning; a name without a tag means <c>latest</c>.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Of an image for several platforms, the one for this platform, for example <c>linux/arm64</c>; of a list, those that have it.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform? Platform { get; set; }

    /// <summary>Lists also what is kept without a name.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (Name.Length == 0)
        {
            var stored = Store.List().Where(image => All || image.Reference is not null);
            await WriteAsync(await LoadAsync(stored, cancellationToken), isPattern: true, cancellationToken);
        }

        await ForEachAsync(
            Name,
            async name => await WriteAsync(
                await FindAsync(name, cancellationToken), WildcardPattern.ContainsWildcardCharacters(name), cancellationToken),
            cancellationToken);
    }

    // Of an image that is named, a missing platform is an error; of many, only those that have it are meant.
    private Task WriteAsync(IReadOnlyList<ClusterImage> images, bool isPattern, CancellationToken cancellationToken) => ForEachAsync(
        images
            .Where(image => !isPattern || Platform is null || image.Platforms.Any(Platform.Accepts))
            .OrderBy(image => image.Name, StringComparer.Ordinal),
        image => WriteAsync(Platform is null ? image : image.ForPlatform(Platform)),
        cancellationToken);
}
