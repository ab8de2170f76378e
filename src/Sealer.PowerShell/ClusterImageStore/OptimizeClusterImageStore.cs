using System.Management.Automation;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>Frees what no image in the local store needs any more (sealer prune).</summary>
/// <remarks>
/// <para>
/// Removes content that no name reaches and what interrupted downloads and builds have left, of mounts that were
/// killed too. While anything is being built,
/// fetched or exported it refuses. With -WhatIf it says what would go.
/// </para>
/// </remarks>
/// <example>
/// <code>Optimize-ClusterImageStore -WhatIf</code>
/// How much could be freed?
/// </example>
/// <example>
/// <code>Optimize-ClusterImageStore -IncludeCache</code>
/// Frees the build cache too. The next build of everything is a first build.
/// </example>
[Cmdlet(VerbsCommon.Optimize, "ClusterImageStore", SupportsShouldProcess = true)]
[OutputType(typeof(SweepReport))]
public sealed class OptimizeClusterImageStore : ImageCmdlet
{
    /// <summary>Removes the build cache too, and the layers that only it keeps.</summary>
    [Parameter]
    public SwitchParameter IncludeCache { get; set; }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var options = new SweepOptions { DropCache = IncludeCache };
        var report = await Store.SweepAsync(options with { DryRun = true }, cancellationToken);
        if (await ShouldProcessAsync(Store.Folder, $"Remove {report.Blobs + report.Partials + report.CacheDocuments} files, {ByteSize.Format(report.Bytes)}"))
        {
            report = await Store.SweepAsync(options, cancellationToken);
            await new ImageMounts(Store).RemoveLeftoversAsync(cancellationToken);
        }

        foreach (var problem in report.Problems)
            await WarnAsync(problem);
        await WriteAsync(report);
    }
}
