using Sealer.Images.LayerScans;

namespace Sealer.Images.Merging;

/// <summary>The files of an image that is laid on top, and of what lies there already.</summary>
/// <param name="Before">The merged image without it.</param>
/// <param name="Whole">Everything that it has.</param>
/// <param name="Common">What its lowest layers have, which lie in the merged image already.</param>
/// <param name="Own">What its other layers have.</param>
internal sealed record MergedImageFiles(
    SortedDictionary<string, ScannedFile> Before,
    SortedDictionary<string, ScannedFile> Whole,
    SortedDictionary<string, ScannedFile> Common,
    SortedDictionary<string, ScannedFile> Own);
