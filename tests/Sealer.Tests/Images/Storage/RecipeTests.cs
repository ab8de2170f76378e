using System.Text;
using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Storage;

public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();
    private readonly ImageStore _store;

    public RecipeTests() => _store = ImageStore.Open(_temp["store"]);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_recipe_reads_as_the_blob_that_it_makes_at_any_offset()
    {
        var (whole, recipe) = await MakeAsync();
        var descriptor = new Descriptor { MediaType = MediaType.OciLayer, Digest = recipe, Size = whole.Length };
        Assert.True(await _store.ExistsAsync(descriptor, default));
        Assert.Null(_store.TryGetPath(recipe));
        foreach (var offset in new[] { 0, 3, 5, 6, 100_004, 100_005, 150_000, 200_011, whole.Length })
        {
            var rest = new MemoryStream();
            await using var stream = await _store.OpenAsync(descriptor, offset, default);
            await stream.CopyToAsync(rest);
            Assert.Equal(whole[offset..], rest.ToArray());
        }
    }

    [Fact]
    public async Task A_recipe_costs_only_its_own_bytes()
    {
        await MakeAsync();
        Assert.True(new DirectoryInfo(_temp["store/recipes/sha256"]).GetFiles().Single().Length < 1000);
        Assert.Equal(2, Directory.GetFiles(_temp["store/blobs/sha256"]).Length);
    }

    [Fact]
    public async Task A_recipe_of_a_recipe_is_made_of_the_same_files()
    {
        var (whole, inner) = await MakeAsync();
        byte[] expected = [9, .. whole[2..150_000], 9];
        var parts = new[] { BlobPart.Of(new byte[] { 9 }), BlobPart.Of(inner, 2, 149_998), BlobPart.Of(new byte[] { 9 }) };
        await _store.AddRecipeAsync(new BlobRecipe(Digest.Of(expected), expected.Length, parts), default);
        File.Delete(_temp[$"store/recipes/sha256/{inner.Hex}"]);
        var read = new MemoryStream();
        await using var stream = _store.OpenRead(Digest.Of(expected));
        await stream.CopyToAsync(read);
        Assert.Equal(expected, read.ToArray());
    }

    [Fact]
    public async Task A_recipe_of_what_is_not_there_is_refused()
    {
        var missing = new BlobRecipe(Digest.Of([1]), 5, [BlobPart.Of(Digest.Of([2]), 0, 5)]);
        Assert.Equal("BlobNotFound", (await Assert.ThrowsAsync<SealerException>(() => _store.AddRecipeAsync(missing, default))).Id);

        var blob = await _store.PutAsync(MediaType.OciLayer, new byte[10]);
        var beyond = new BlobRecipe(Digest.Of([1]), 5, [BlobPart.Of(blob.Digest, 6, 5)]);
        Assert.Equal("SizeMismatch", (await Assert.ThrowsAsync<SealerException>(() => _store.AddRecipeAsync(beyond, default))).Id);
        var wrongSum = new BlobRecipe(Digest.Of([1]), 6, [BlobPart.Of(blob.Digest, 0, 5)]);
        Assert.Equal("SizeMismatch", (await Assert.ThrowsAsync<SealerException>(() => _store.AddRecipeAsync(wrongSum, default))).Id);
    }

    [Fact]
    public async Task A_damaged_recipe_counts_as_missing()
    {
        var (_, recipe) = await MakeAsync();
        var file = _temp[$"store/recipes/sha256/{recipe.Hex}"];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Assert.False(_store.TryGetSize(recipe, out _));
    }

    [Fact]
    public async Task A_recipe_keeps_its_parts_from_the_sweep()
    {
        var (whole, recipe) = await MakeAsync();
        var config = await _store.PutAsync(MediaType.OciConfig, "{}"u8.ToArray());
        var manifest = await _store.PutAsync(MediaType.OciManifest, OciJson.Write(new ImageManifest
        {
            Config = config,
            Layers = [new Descriptor { MediaType = MediaType.OciLayer, Digest = recipe, Size = whole.Length }],
        }));
        await _store.TagAsync(ImageReference.Parse("a"), manifest, default);
        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Empty(report.Removed);
        await _store.UntagAsync(ImageReference.Parse("a"), default);
        report = await _store.SweepAsync(dryRun: false, default);
        Assert.Equal(5, report.Blobs);
        Assert.Empty(Directory.GetFiles(_temp["store/blobs/sha256"]));
        Assert.Empty(Directory.GetFiles(_temp["store/recipes/sha256"]));
    }

    private async Task<(byte[] Whole, Digest Recipe)> MakeAsync()
    {
        var one = RandomImage.Bytes(1, 100_000);
        var two = RandomImage.Bytes(2, 100_000);
        var oneBlob = await _store.PutAsync(MediaType.OciLayer, one);
        var twoBlob = await _store.PutAsync(MediaType.OciLayer, two);
        using var writer = _store.CreateRecipe();
        writer.Append("head"u8);
        writer.Append("-"u8);
        await writer.AppendAsync(oneBlob.Digest, default);
        await writer.AppendAsync(twoBlob.Digest, default);
        writer.Append("middle"u8);
        await writer.AppendAsync(oneBlob.Digest, default);
        writer.Append("end"u8);
        var (digest, size) = await writer.CommitAsync(default);
        byte[] whole = [.. Encoding.ASCII.GetBytes("head-"), .. one, .. two, .. "middle"u8, .. one, .. "end"u8];
        Assert.Equal(Digest.Of(whole), digest);
        Assert.Equal(whole.Length, size);
        return (whole, digest);
    }
}
