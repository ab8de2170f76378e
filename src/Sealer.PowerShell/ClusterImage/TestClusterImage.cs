using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Verifying;

namespace Sealer.PowerShell;

/// <summary>Verifies images to the last byte: every digest, size, media type and annotation (verify; sealer has none).</summary>
/// <remarks>
/// <para>
/// Reads everything once, in the local store, or with -Path in an archive where it lies. Every container image
/// that the image says it carries is looked for inside it, down to its last blob.
/// </para>
/// <para>
/// A damaged blob is set aside in the local store, so that the next Receive-ClusterImage or Import-ClusterImage fetches it
/// again. An archive is only read.
/// </para>
/// <para>A broken image is no error of this command: the result says what is wrong with it, worst first.</para>
/// </remarks>
/// <example>
/// <code>Test-ClusterImage registry.example.com/skyline:v3</code>
/// Verifies an image of the local store.
/// </example>
/// <example>
/// <code>(Test-ClusterImage -Path ./skyline-v3.tar).Findings</code>
/// What is wrong with an archive, before anybody drives away with it?
/// </example>
/// <example>
/// <code>if (-not (Test-ClusterImage skyline:v3 -Quiet)) { throw 'The image is broken.' }</code>
/// Yes or no, for a script.
/// </example>
/// <seealso cref="CompareClusterImage"/>
[Cmdlet(VerbsDiagnostic.Test, "ClusterImage", DefaultParameterSetName = ByObject)]
[OutputType(typeof(ImageVerification), typeof(bool))]
public sealed class TestClusterImage : SelectedImageCmdlet
{
    private const string ByPath = "Path";

    /// <summary>Archives or folders to verify where they lie.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Verifies only these platforms, each by itself; without, all together, and the index.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    /// <summary>Returns true or false instead of what was found.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken) =>
        VerifyAsync(Store, image.Reference, image.Descriptor, cancellationToken);

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName != ByPath)
        {
            await base.ProcessAsync(cancellationToken);
            return;
        }

        await ForEachAsync(
            Path,
            async given => await ForEachAsync(
                await OnPipeline(() => FullPaths(given, literal: false)), path => VerifyAsync(path, cancellationToken), cancellationToken),
            cancellationToken);
    }

    private async Task VerifyAsync(string path, CancellationToken cancellationToken)
    {
        using var archive = await ImageArchive.OpenAsync(path, cancellationToken);
        await ForEachAsync(
            archive.Images, image => VerifyAsync(archive, image.Reference, image.Descriptor, cancellationToken), cancellationToken);
    }

    private async Task VerifyAsync(IImageSource source, ImageReference? reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        var wanted = new List<Descriptor>();
        if (Platform.Length > 0)
        {
            var image = await ClusterImages.LoadAsync(source, reference, descriptor, cancellationToken);
            wanted.AddRange(Platform.Select(platform => image.ForPlatform(platform).Descriptor));
        }
        else
        {
            wanted.Add(descriptor);
        }

        foreach (var root in wanted)
        {
            var result = await ImageVerifier.VerifyAsync(source, reference, root, Engine, cancellationToken);
            await WriteAsync(Quiet ? result.Passed : result);
        }
    }
}
