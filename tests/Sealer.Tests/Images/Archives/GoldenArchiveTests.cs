using Sealer.Images;
using Sealer.Images.Archives;

namespace Sealer.Tests.Images.Archives;

public sealed class GoldenArchiveTests : ArchiveTestBase
{
    [GoldenFact]
    public async Task The_archive_of_sealer_comes_in_and_goes_out_with_its_digests_and_annotations()
    {
        var (store, root) = await ImportAsync(Golden.PathOf("sealer-0.11-simple.oci-archive.tar"));
        Assert.Equal("sha256:87e432c1771d3060fdc3590ab2fd0e088ab4a361b3f748fbc0e39247c7722430", root.Digest.ToString());
        Assert.Equal("localhost/simple:v1", store.List().Single().Reference!.ToString());
        var (_, annotations) = await DescribeAsync(store, root);
        Assert.Equal(ClusterImageType.KubeInstaller, SealerAnnotationReader.ReadExtension(annotations![SealerAnnotations.Extension]).Type);

        foreach (var format in new[] { ArchiveFormat.OciArchive, ArchiveFormat.OciFolder })
        {
            await ArchiveExport.WriteAsync(store, [(Name, root)], Temp[$"{format}"], format, new(), null, default);
            Assert.Equal(root.Digest, (await ImportAsync(Temp[$"{format}"], $"store-{format}")).Root.Digest);
        }

        foreach (var format in new[] { ArchiveFormat.DockerArchive, ArchiveFormat.DockerFolder })
        {
            await ArchiveExport.WriteAsync(store, [(Name, root)], Temp[$"{format}"], format, new(), null, default);
            var (back, backRoot) = await ImportAsync(Temp[$"{format}"], $"store-{format}");
            var (config, kept) = await DescribeAsync(back, backRoot);
            Assert.Equal(annotations[SealerAnnotations.Extension], kept![SealerAnnotations.Extension]);
            Assert.Equal((await DescribeAsync(store, root)).Config.Rootfs.DiffIds, config.Rootfs.DiffIds);
        }
    }

    [GoldenFact]
    public async Task The_bundle_of_sealer_is_one_index_of_its_platforms()
    {
        using (var archive = await ImageArchive.OpenAsync(Golden.PathOf("sealer-0.11-multi.tar"), default))
            Assert.Equal(ArchiveFormat.SealerBundle, archive.Format);
        var (store, root) = await ImportAsync(Golden.PathOf("sealer-0.11-multi.tar"));
        Assert.Equal("localhost/multi:v1", store.List().Single().Reference!.ToString());
        var index = OciJson.ReadIndex(await ImageDocument.ReadAsync(store, root, default));
        Assert.Equal(["linux/amd64", "linux/arm64"], index.Manifests.Select(m => m.Platform!.ToString()[..11]));
        Assert.Equal(
            ["sha256:026f73e1fb5f033c80a8fdc24d6ddad33a166e610bc83fca141f02db380dee26", "sha256:cbc913e794692041c3974356bd536cfd784b39cb5b83f9149e3aafd38c868ac2"],
            index.Manifests.Select(m => m.Digest.ToString()).Order());
        foreach (var entry in index.Manifests)
            Assert.Contains(SealerAnnotations.Extension, (await DescribeAsync(store, entry)).Annotations!.Keys);

        await ArchiveExport.WriteAsync(store, [(Name, root)], Temp["out"], ArchiveFormat.OciArchive, new(), null, default);
        Assert.Equal(root.Digest, (await ImportAsync(Temp["out"], "again")).Root.Digest);
    }
}
