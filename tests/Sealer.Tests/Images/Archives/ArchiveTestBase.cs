using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Archives;

/// <summary>A folder, a store, and short ways to export and import.</summary>
public abstract class ArchiveTestBase : IDisposable
{
    private protected static readonly ImageReference Name = ImageReference.Parse("registry.example.com/skyline:v3");

    private protected static readonly IReadOnlyDictionary<string, string> ClusterImage = new Dictionary<string, string>
    {
        [SealerAnnotations.Extension] = """{"buildClient":{"sealerVersion":"0.11","buildahVersion":""},"schemaVersion":"v1alpha1","type":"kube-installer","launch":{"cmds":["a < b && c"]}}""",
        [SealerAnnotations.ContainerImages] = """[{"image":"docker.io/library/nginx:1.25"}]""",
    };

    protected ArchiveTestBase()
    {
        Temp = new TemporaryFolder();
        Store = ImageStore.Open(Temp["store"]);
    }

    private protected TemporaryFolder Temp { get; }

    private protected ImageStore Store { get; }

    public void Dispose()
    {
        Temp.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<string> ExportAsync(Descriptor root, ArchiveFormat format, ExportOptions? options = null, string name = "out")
    {
        await ArchiveExport.WriteAsync(Store, [(Name, root)], Temp[name], format, options ?? new(), null, default);
        return Temp[name];
    }

    private protected async Task<(ImageStore Store, Descriptor Root)> ImportAsync(string path, string store = "other")
    {
        var target = ImageStore.Open(Temp[store]);
        var image = Assert.Single(await ArchiveImport.ImportAsync(path, target, new ImportOptions { Referrers = true }, null, default));
        Assert.Equal(image.Descriptor.Digest, target.List().First(i => i.Reference == image.Reference).Descriptor.Digest);
        return (target, image.Descriptor);
    }

    private protected async Task<SealerException> RefusedAsync(string id, string path)
    {
        // Into a store of its own: one that has the content already would not read it.
        var store = ImageStore.Open(Temp["refusing"]);
        var error = await Assert.ThrowsAsync<SealerException>(() => ArchiveImport.ImportAsync(path, store, new(), null, default));
        Assert.Equal(id, error.Id);
        Assert.Empty(store.List());
        return error;
    }

    private protected static IEnumerable<string> Lines(IEnumerable<KeyValuePair<string, string>>? map) =>
        map!.Select(p => $"{p.Key}={p.Value}").Order(StringComparer.Ordinal);

    /// <summary>What an image says of itself, to compare images whose forms differ.</summary>
    private protected static async Task<(ImageConfig Config, IReadOnlyDictionary<string, string>? Annotations)> DescribeAsync(IImageSource source, Descriptor root)
    {
        var manifest = OciJson.ReadManifest(await ImageDocument.ReadAsync(source, root, default));
        return (OciJson.ReadConfig(await ImageDocument.ReadAsync(source, manifest.Config, default)), manifest.Annotations);
    }
}
