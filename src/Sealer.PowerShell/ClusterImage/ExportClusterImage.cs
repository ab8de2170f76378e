using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Archives;

namespace Sealer.PowerShell;

/// <summary>Writes images of the local store to a file or folder that can be carried away (sealer save).</summary>
/// <remarks>
/// <para>
/// All images that are piped in go into one archive, with all their platforms. It has its name only once it is complete.
/// With -SplitSize it is written in parts for small media, with an index that holds the checksum of each;
/// Import-ClusterImage reads the parts as they lie, and <c>cat NAME.part*</c> makes one file of them.
/// </para>
/// </remarks>
/// <example>
/// <code>Export-ClusterImage registry.example.com/skyline:v3 -Path ./skyline-v3.tar</code>
/// One file with the whole image, in OCI's form.
/// </example>
/// <example>
/// <code>Get-ClusterImage skyline:v3 | Export-ClusterImage -Path ./skyline-v3.tar -SplitSize 2GB -PassThru</code>
/// Parts of 2 GiB, for a stick with FAT32, which takes no file of 4 GiB.
/// </example>
/// <example>
/// <code>Export-ClusterImage skyline:v3 -Platform linux/amd64 -Format DockerArchive -Path ./skyline.tar</code>
/// What docker load reads.
/// </example>
/// <returns>Nothing; with -PassThru the files that were written.</returns>
/// <seealso cref="ImportClusterImage"/>
[Cmdlet(VerbsData.Export, "ClusterImage", SupportsShouldProcess = true, DefaultParameterSetName = ByObject)]
[OutputType(typeof(FileInfo), typeof(DirectoryInfo))]
public sealed class ExportClusterImage : GatheredImagesCmdlet
{
    /// <summary>The file to write, or the folder. Of an existing folder, a file named after the image in it.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>
    /// The form: one tar in OCI's layout, the same as a folder, what docker save writes (one platform an image), or a folder
    /// as skopeo's dir: (one image, one platform).
    /// </summary>
    [Parameter]
    [PSDefaultValue(Help = "OciArchive")]
    [ValidateSet(nameof(ArchiveFormat.OciArchive), nameof(ArchiveFormat.OciFolder), nameof(ArchiveFormat.DockerArchive), nameof(ArchiveFormat.DockerFolder))]
    public ArchiveFormat Format { get; set; } = ArchiveFormat.OciArchive;

    /// <summary>Writes parts of at most this many bytes: a number (700MB) or text ("650 MiB").</summary>
    [Parameter]
    [ByteSize]
    public long? SplitSize { get; set; }

    /// <summary>Writes only these platforms.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public Platform[] Platform { get; set; } = [];

    /// <summary>
    /// Replaces a file that is there, the parts of an earlier export, or a folder that holds nothing but an earlier export in
    /// the form DockerFolder. A folder in OCI's form is added to without.
    /// </summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the files that were written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task EndAsync(IReadOnlyList<ClusterImage> images, CancellationToken cancellationToken)
    {
        var path = Target(images[0]);
        var size = ByteSize.Format(images.DistinctBy(image => image.Digest).Sum(image => image.Size));
        if (!await ShouldProcessAsync(path, $"Save {string.Join(", ", images.Select(image => image.Name))} ({size})"))
            return;
        var options = new ExportOptions
        {
            Platforms = Platform.Length > 0 ? Platform : null,
            PartSize = SplitSize,
            Replace = Force,
            Referrers = Format is ArchiveFormat.OciArchive or ArchiveFormat.OciFolder,
        };
        var contents = images.Select(image => (image.Reference, image.Descriptor)).ToList();
        var result = await ArchiveExport.WriteAsync(Store, contents, path, Format, options, Engine, cancellationToken);
        foreach (var file in PassThru ? result.Files : [])
            await WriteAsync(Directory.Exists(file) ? new DirectoryInfo(file) : new FileInfo(file));
    }

    private string Target(ClusterImage first)
    {
        var path = FullPath(Path);
        if (Format is ArchiveFormat.OciFolder or ArchiveFormat.DockerFolder)
            return path;
        if (Directory.Exists(path))
            path = System.IO.Path.Combine(path, FileName(first));
        var taken = SplitSize is null ? [path] : Directory.Exists(System.IO.Path.GetDirectoryName(path)) ? Parts(path) : [];
        return Force || taken.FirstOrDefault(File.Exists) is not { } there
            ? path
            : throw new SealerException("FileExists", ErrorKind.Conflict, $"'{there}' is there already. Give another -Path, or -Force to replace it.", there);
    }

    /// <summary>The index and the parts of an earlier export.</summary>
    private static string[] Parts(string path) =>
        [path + ".parts.json", .. Directory.GetFiles(System.IO.Path.GetDirectoryName(path)!).Where(file =>
            file.StartsWith(path + ".part", StringComparison.Ordinal)
            && file.AsSpan(path.Length + ".part".Length) is { Length: >= 3 } number
            && number.IndexOfAnyExceptInRange('0', '9') < 0)];

    private static string FileName(ClusterImage image)
    {
        var name = image.Reference is { } reference
            ? reference.Repository.Split('/')[^1] + "-" + (reference.Tag ?? image.Digest.Short)
            : image.Digest.Short;
        return name + ".tar";
    }
}
