using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>Removes images from the local store (sealer rmi).</summary>
/// <remarks>
/// <para>
/// The name goes, and then whatever content no other image uses. What an interrupted download has left is kept for it to be
/// resumed; Optimize-ClusterImageStore removes that too.
/// </para>
/// </remarks>
/// <example>
/// <code>Remove-ClusterImage registry.example.com/skyline:v2</code>
/// Removes one image.
/// </example>
/// <example>
/// <code>Get-ClusterImage *skyline* | Where-Object Created -lt '2026-01-01' | Remove-ClusterImage -WhatIf</code>
/// Shows which images of last year would go.
/// </example>
/// <returns>Nothing; with -PassThru the images that were removed.</returns>
/// <seealso cref="OptimizeClusterImageStore"/>
[Cmdlet(VerbsCommon.Remove, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(ClusterImage))]
public sealed class RemoveClusterImage : SelectedImageCmdlet
{
    private bool _removed;

    /// <summary>Returns the images that were removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken)
    {
        if (!await ShouldProcessAsync($"{image.Name} ({image.Digest.Short}, {ByteSize.Format(image.Size)})", "Remove image"))
            return;
        _removed |= image.Reference is null
            ? await Store.UnpinAsync(image.Digest, cancellationToken)
            : await Store.UntagAsync(image.Reference, cancellationToken);
        if (PassThru)
            await WriteAsync(image);
    }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (!_removed)
            return;
        try
        {
            var report = await Store.SweepAsync(new SweepOptions { KeepPartials = true }, cancellationToken);
            await OnPipeline(() => WriteVerbose($"Freed {ByteSize.Format(report.Bytes)}."));
        }
        catch (SealerException e) when (e.Id == "StoreInUse")
        {
            await OnPipeline(() => WriteVerbose("The store is in use; Optimize-ClusterImageStore frees the space later."));
        }
    }
}
