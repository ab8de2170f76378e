using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>
/// Extracts layers to a folder, on every system, trusting nothing: nothing is written outside of the folder or through a
/// link, names are held to the rules of the system (<see cref="TargetNames"/>), sizes to limits, content to digests.
/// </summary>
public static class LayerExtractor
{
    /// <summary>Extracts an image's layers, one over the other.</summary>
    /// <param name="source">Where the layers are.</param>
    /// <param name="layers">The layers of the manifest, lowest first.</param>
    /// <param name="folder">Is made; must not exist, or be empty. Removed again where the extraction fails, if it was made.</param>
    /// <param name="options">What is kept and refused.</param>
    /// <param name="progress">Told the bytes written; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// What <see cref="LayerReader.NextAsync"/> refuses; <c>UnsafeLayerPath</c>, <c>LayerNameCollision</c>,
    /// <c>DeviceRefused</c>: the layer holds what cannot be here; <c>FolderNotEmpty</c>, <c>ExtractFailed</c>,
    /// <c>DiskFull</c>: the folder.
    /// </exception>
    public static async Task<ExtractReport> ExtractAsync(
        IImageSource source,
        IReadOnlyList<Descriptor> layers,
        string folder,
        ExtractOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var made = Prepare(folder);
        try
        {
            return await ApplyAsync(source, layers, new Extraction(folder, options), options, progress, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (made)
                FolderRemoval.Delete(folder);
            throw;
        }
    }

    /// <summary>Extracts an image's layers from the store.</summary>
    /// <inheritdoc cref="ExtractAsync(IImageSource, IReadOnlyList{Descriptor}, string, ExtractOptions, IProgress{long}?, CancellationToken)"/>
    public static async Task<ExtractReport> ExtractAsync(
        ImageStore source,
        IReadOnlyList<Descriptor> layers,
        string folder,
        ExtractOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        // No sweep may take a layer away that is about to be read.
        using var lease = await source.LeaseAsync(cancellationToken).ConfigureAwait(false);
        return await ExtractAsync((IImageSource)source, layers, folder, options, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Extracts further layers over what an extraction with the same options made, whatever programs have changed of it
    /// since; nobody may write there meanwhile. The folder is half done where it fails.
    /// </summary>
    /// <inheritdoc cref="ExtractAsync(IImageSource, IReadOnlyList{Descriptor}, string, ExtractOptions, IProgress{long}?, CancellationToken)"/>
    internal static async Task<ExtractReport> ContinueAsync(
        ImageStore source, IReadOnlyList<Descriptor> layers, string folder, ExtractOptions options, CancellationToken cancellationToken)
    {
        using var lease = await source.LeaseAsync(cancellationToken).ConfigureAwait(false);
        var extraction = new Extraction(folder, options);
        extraction.Adopt(cancellationToken);
        return await ApplyAsync(source, layers, extraction, options, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Refuses a folder that holds something.</summary>
    internal static void CheckEmpty(string folder)
    {
        if (!File.Exists(folder) && (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any()))
            return;
        throw new SealerException(
            "FolderNotEmpty",
            ErrorKind.Conflict,
            $"'{folder}' is not an empty folder. Name one that is empty or that does not exist.",
            folder);
    }

    private static async Task<ExtractReport> ApplyAsync(
        IImageSource source,
        IReadOnlyList<Descriptor> layers,
        Extraction extraction,
        ExtractOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        foreach (var layer in layers)
        {
            await DamagedContent.ReadAsync(
                source, layer.Digest, () => ApplyAsync(source, layer, extraction, options, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        return extraction.Finish();
    }

    private static async Task ApplyAsync(
        IImageSource source, Descriptor layer, Extraction extraction, ExtractOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var limits = options.Limits with { MediaType = layer.MediaType, Digest = layer.Digest };
        var reader = new LayerReader(await source.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false), limits);
        await using var closing = reader.ConfigureAwait(false);
        await extraction.ApplyAsync(reader, bytes => progress?.Report(bytes), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes the folder where it is missing; true where it was made.</summary>
    private static bool Prepare(string folder)
    {
        CheckEmpty(folder);
        if (Directory.Exists(folder))
            return false;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return true;
    }
}
