namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>What one file or chart gave; gathered apart and joined in the order of the files, whoever was done first.</summary>
internal sealed class ScanFindings
{
    public List<FoundImage> Images { get; } = [];

    public List<ScanWarning> Warnings { get; } = [];

    /// <summary>Mistakes that stop the build, all told at once.</summary>
    public List<string> Errors { get; } = [];

    public void Add(ScanFindings other)
    {
        Images.AddRange(other.Images);
        Warnings.AddRange(other.Warnings);
        Errors.AddRange(other.Errors);
    }
}
