using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>Searches registries for images (sealer search).</summary>
/// <remarks>
/// <para>
/// A name without a tag lists its tags; wildcards in the tag choose among them; wildcards in the path, or a registry alone,
/// search the whole registry where it tells what it has (public ones do not). Nothing but manifests and configs is fetched.
/// </para>
/// </remarks>
/// <example>
/// <code>Find-ClusterImage registry.example.com/skyline</code>
/// All tags of skyline, with platform, type, time and size.
/// </example>
/// <example>
/// <code>Find-ClusterImage 'registry.example.com/*' -NameOnly</code>
/// The names of all images of a registry.
/// </example>
/// <example>
/// <code>Find-ClusterImage 'registry.example.com/skyline:v3*' | Receive-ClusterImage</code>
/// Fetches every version that begins with v3.
/// </example>
/// <seealso cref="ReceiveClusterImage"/>
[Cmdlet(VerbsCommon.Find, "ClusterImage")]
[OutputType(typeof(ClusterImage), typeof(ImageReference))]
public sealed class FindClusterImage : RegistryCmdlet
{
    // Manifests and configs are small: what counts is the round trips.
    private const int AtOnce = 8;

    /// <summary>What to look for: a registry, or names with wildcards in path or tag.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Returns names only and asks for no manifest: quick where there are many.</summary>
    [Parameter]
    public SwitchParameter NameOnly { get; set; }

    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        ForEachAsync(Name, name => FindAsync(ImageQuery.Parse(name), cancellationToken), cancellationToken);

    private async Task FindAsync(ImageQuery query, CancellationToken cancellationToken)
    {
        if (!query.IsCatalog)
        {
            await FindTagsAsync(query, ImageReference.Parse($"{query.Domain}/{query.Path}"), cancellationToken);
            return;
        }

        await foreach (var path in Registries.Client(query.Domain).ListRepositoriesAsync(query.Domain, cancellationToken))
        {
            if (query.MatchesPath(path))
                await FindTagsAsync(query, ImageReference.Parse($"{query.Domain}/{path}"), cancellationToken);
        }
    }

    private async Task FindTagsAsync(ImageQuery query, ImageReference repository, CancellationToken cancellationToken)
    {
        var found = new List<ImageReference>();
        await foreach (var tag in Registries.Repository(repository).ListTagsAsync(cancellationToken))
        {
            if (query.MatchesTag(tag))
                found.Add(repository.WithTag(tag));
            if (found.Count == AtOnce)
                await FlushAsync();
        }

        await FlushAsync();

        async Task FlushAsync()
        {
            if (NameOnly)
            {
                await ForEachAsync(found, name => WriteAsync(name), cancellationToken);
            }
            else
            {
                var loading = found.Select(name => ClusterImages.LoadAsync(Registries.Repository(name), name, cancellationToken)).ToList();
                await ForEachAsync(loading, async image => await WriteAsync(await image), cancellationToken);
            }

            found.Clear();
        }
    }
}
