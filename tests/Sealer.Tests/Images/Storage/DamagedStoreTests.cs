using Sealer.Images;
using Sealer.Images.Copying;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Images.Verifying;
using Sealer.Tests.Images.Layers;

namespace Sealer.Tests.Images.Storage;

/// <summary>A disk that has lost bits: what is damaged is found where it is read, and fetching the image again mends it.</summary>
public sealed class DamagedStoreTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();
    private readonly MemoryImages _far = new();
    private readonly ImageStore _store;

    public DamagedStoreTests() => _store = ImageStore.Open(_temp["store"]);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_damaged_layer_that_verifying_finds_is_fetched_again_and_nothing_else()
    {
        var image = await FetchedAsync();
        var layer = Manifest(image).Layers[1].Digest;
        Damage(layer);
        Assert.Contains((await VerifyAsync(image)).Findings, f => f.Id == "DigestMismatch" && f.Subject == layer.ToString());

        var opened = _far.Opened;
        await CopyAsync(_far, image, _store);
        Assert.Equal(1, _far.Opened - opened);
        Assert.True((await VerifyAsync(image)).Passed);
    }

    [Fact]
    public async Task Copying_again_into_a_whole_store_writes_nothing()
    {
        var image = await FetchedAsync();
        var before = Directory.GetFileSystemEntries(_store.Folder, "*", SearchOption.AllDirectories);
        await CopyAsync(_far, image, _store);
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(_store.Folder, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public async Task A_damaged_layer_that_an_export_finds_is_fetched_again()
    {
        var image = await FetchedAsync();
        Damage(Manifest(image).Layers[0].Digest);
        var elsewhere = ImageStore.Open(_temp["elsewhere"]);
        Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(() => CopyAsync(_store, image, elsewhere))).Id);
        await CopyAsync(_far, image, _store);
        await CopyAsync(_store, image, elsewhere);
    }

    [Fact]
    public async Task A_damaged_layer_that_a_build_or_mount_finds_is_fetched_again()
    {
        var image = await FetchedAsync();
        var layers = Manifest(image).Layers;
        Damage(layers[0].Digest);
        await Assert.ThrowsAsync<SealerException>(() => ImageFileSystem.LoadAsync(_store, layers, default));
        await CopyAsync(_far, image, _store);
        await ImageFileSystem.LoadAsync(_store, layers, default);

        Damage(layers[0].Digest);
        await Assert.ThrowsAsync<SealerException>(() => LayerExtractor.ExtractAsync(_store, layers, _temp["out"], new ExtractOptions(), null, default));
        await CopyAsync(_far, image, _store);
        await LayerExtractor.ExtractAsync(_store, layers, _temp["out"], new ExtractOptions(), null, default);
    }

    [Fact]
    public async Task A_damaged_manifest_or_config_is_mended_by_the_next_copy_itself()
    {
        var image = await FetchedAsync();
        Damage(image.Digest);
        Damage(Manifest(image).Config.Digest);
        await CopyAsync(_far, image, _store);
        Assert.True((await VerifyAsync(image)).Passed);
    }

    [Fact]
    public async Task A_recipe_made_of_a_damaged_blob_is_not_there_any_more()
    {
        var part = await _store.PutAsync(MediaType.OciLayer, RandomImage.Bytes(1, 5000));
        var other = await _store.PutAsync(MediaType.OciLayer, RandomImage.Bytes(2, 5000));
        using var writer = _store.CreateRecipe();
        writer.Append([1, 2, 3]);
        await writer.AppendAsync(part.Digest, default);
        await writer.AppendAsync(other.Digest, default);
        var (recipe, _) = await writer.CommitAsync(default);
        Assert.False(await _store.SetAsideIfDamagedAsync(recipe, default));
        Assert.True(_store.TryGetSize(recipe, out _));

        Damage(part.Digest);
        Assert.True(await _store.SetAsideIfDamagedAsync(recipe, default));
        Assert.False(_store.TryGetSize(recipe, out _));
        Assert.False(_store.TryGetSize(part.Digest, out _));
        Assert.True(_store.TryGetSize(other.Digest, out _));
    }

    [Fact]
    public async Task A_recipe_whose_own_bytes_are_damaged_is_set_aside_and_its_parts_stay()
    {
        var part = await _store.PutAsync(MediaType.OciLayer, RandomImage.Bytes(1, 5000));
        using var writer = _store.CreateRecipe();
        await writer.AppendAsync(part.Digest, default);
        writer.Append([1, 2, 3]);
        var (recipe, _) = await writer.CommitAsync(default);
        var path = _temp[$"store/recipes/sha256/{recipe.Hex}"];
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.True(await _store.SetAsideIfDamagedAsync(recipe, default));
        Assert.False(_store.TryGetSize(recipe, out _));
        Assert.True(_store.TryGetSize(part.Digest, out _));
    }

    [Fact]
    public async Task A_damaged_blob_that_is_built_again_is_whole()
    {
        var content = RandomImage.Bytes(1, 5000);
        var blob = await _store.PutAsync(MediaType.OciLayer, content);
        Damage(blob.Digest);
        await using (var writer = _store.CreateBlob())
        {
            await writer.WriteAsync(content);
            await writer.CommitAsync(null, default);
        }

        Assert.False(await _store.SetAsideIfDamagedAsync(blob.Digest, default));
        Assert.True(_store.TryGetSize(blob.Digest, out _));
    }

    [Fact]
    public async Task What_is_refused_for_another_reason_than_damage_stays()
    {
        var layer = await _store.PutAsync(MediaType.OciLayerGzip, new TarBytes().File("../out").Ended());
        await Assert.ThrowsAsync<SealerException>(() => ImageFileSystem.LoadAsync(_store, [layer], default));
        Assert.True(_store.TryGetSize(layer.Digest, out _));
    }

    [Fact]
    public async Task The_damaged_file_is_gone_after_a_sweep()
    {
        var blob = await _store.PutAsync(MediaType.OciLayer, RandomImage.Bytes(1, 5000));
        Damage(blob.Digest);
        Assert.True(await _store.SetAsideIfDamagedAsync(blob.Digest, default));
        Assert.Equal(5000, (await _store.SweepAsync(dryRun: false, default)).PartialBytes);
    }

    private async Task<Descriptor> FetchedAsync()
    {
        var image = await RandomImage.WriteAsync(_far, 1, layers: 3);
        await CopyAsync(_far, image, _store);
        return image;
    }

    private static Task CopyAsync(IImageSource from, Descriptor image, IImageTarget to) =>
        ImageCopier.CopyAsync(from, image, to, new CopyOptions(), null, default);

    private Task<ImageVerification> VerifyAsync(Descriptor image) => ImageVerifier.VerifyAsync(_store, null, image, null, default);

    private ImageManifest Manifest(Descriptor image) => OciJson.ReadManifest(_far.Blobs[image.Digest]);

    private void Damage(Digest digest)
    {
        var path = _temp[$"store/blobs/sha256/{digest.Hex}"];
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
