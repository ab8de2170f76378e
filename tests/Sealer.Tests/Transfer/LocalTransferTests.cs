using Sealer.Hosts.Local;
using Sealer.Images.Layers;
using Sealer.Tests.Peers;
using Sealer.Transfer;
using static Sealer.Tests.Images.Layers.LayerSamples;
using static Sealer.Tests.Transfer.TransferFixture;

namespace Sealer.Tests.Transfer;

/// <summary>The whole way with this machine as the host: real shell, real files. Root, for owners.</summary>
[Trait("Tier", "parts")]
public sealed class LocalTransferTests : IAsyncDisposable
{
    private readonly TransferFixture _fixture = new();
    private readonly LocalHost _host = new("here");

    private string Folder1 => _fixture["data/one/rootfs"];

    private ContentTarget Target => new(_host, Folder1);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task What_is_delivered_is_the_image_with_modes_owners_links_and_strange_names()
    {
        var set = await _fixture.SetAsync(Strange());
        var result = await RunAsync(set);
        Assert.Equal(await _fixture.ExpectedAsync(set, "a"), await TreeAsync(Folder1));
        Assert.Equal("from the controller", result.Way);
        Assert.Equal(["index", "stat"], Directory.GetFileSystemEntries(_fixture["data/one/.sealer-rootfs"]).Select(Path.GetFileName).Order());
        Assert.Equal("700", (await Peer.RunAsync("stat", "-c", "%a", _fixture["data/one/.sealer-rootfs"])).Trim());
        Assert.Equal((await Peer.RunAsync("stat", "-c", "%i", Folder1 + "/hard/first")), await Peer.RunAsync("stat", "-c", "%i", Folder1 + "/hard/second"));
        Assert.True((await InspectAsync(set)).IsSatisfied);
    }

    [Fact]
    public async Task What_is_there_is_not_sent_and_one_round_trip_says_so()
    {
        var set = await _fixture.SetAsync(Strange());
        await RunAsync(set);
        var before = await TreeAsync(Folder1);
        var again = await RunAsync(set);
        Assert.Equal((0, 0, ""), (again.Bytes, again.Files, again.Way));
        Assert.Equal(before, await TreeAsync(Folder1));
    }

    [Fact]
    public async Task What_was_noted_of_the_files_stays_when_only_leftovers_are_taken_away()
    {
        var set = await _fixture.SetAsync(Plain());
        await RunAsync(set);
        var noted = await TreeAsync(Target.State);
        Directory.CreateDirectory(Target.State + "/stage/new");
        await RunAsync(set);
        Assert.Equal(noted, await TreeAsync(Target.State));
    }

    [Theory]
    [InlineData("rm large", "large")]
    [InlineData("printf x | dd of=large bs=1 seek=70000 conv=notrunc", "large")]
    [InlineData("printf 'x' > small; touch -d @1 small", "small")]
    [InlineData("chmod 600 small", "small")]
    [InlineData("chown 5:6 small", "small")]
    [InlineData("rm -r sub", "sub,sub/a b,sub/c")]
    [InlineData("rm -r sub; echo > sub", "sub,sub/a b,sub/c")]
    [InlineData("rm small; mkdir small", "small")]
    [InlineData("rm small; ln -s /etc/passwd small", "small")]
    [InlineData("rm link; ln -s elsewhere link", "link")]
    [InlineData("rm link; mkdir link", "link")]
    [InlineData("chmod 700 sub", "sub")]
    [InlineData("rm hard/first; printf other > hard/first", "hard/first")]
    [InlineData("rm hard/second", "hard/second")]
    public async Task What_was_changed_is_seen_and_mended(string change, string missing)
    {
        var set = await _fixture.SetAsync(Plain());
        await RunAsync(set);
        await Peer.RunAsync("sh", "-c", $"cd '{Folder1}' && {{ {change}; }} 2>/dev/null");
        Assert.Equal(missing.Split(','), (await InspectAsync(set)).MissingFiles);
        await RunAsync(set);
        Assert.Equal(await _fixture.ExpectedAsync(set, "b"), await TreeAsync(Folder1));
        Assert.True((await InspectAsync(set)).IsSatisfied);
    }

    [Theory]
    [InlineData("mkdir -p one/.sealer-rootfs/stage && chown -R 65534 one/.sealer-rootfs", "one/.sealer-rootfs")]
    [InlineData("mkdir -p one && ln -s /etc one/.sealer-rootfs", "one/.sealer-rootfs")]
    [InlineData("mkdir -p one && echo > one/.sealer-rootfs", "one/.sealer-rootfs")]
    [InlineData("mkdir -p one && chown 65534 one", "one")]
    [InlineData("mkdir -p one && chmod 777 one", "one")]
    [InlineData("chmod 777 .", "data")]
    [InlineData("mkdir -p one && chgrp 65534 one && chmod 2775 one", "one")]
    [InlineData("mkdir -p two/mine/one && chown 65534 two && ln -s two/mine/one one", "two")]
    public async Task Where_another_user_could_put_something_else_nothing_is_written(string before, string told)
    {
        var set = await _fixture.SetAsync(Plain());
        Directory.CreateDirectory(_fixture["data"]);
        await Peer.RunAsync("sh", "-c", $"cd '{_fixture["data"]}' && {before}");
        var there = await TreeAsync(_fixture["data"]);
        var result = Assert.Single(await ContentTransfer.RunAsync(new ContentJob(set), [Target]));
        Assert.Equal("ContentTargetUnsafe", result.Error?.Id);
        Assert.Contains(told, result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(there, await TreeAsync(_fixture["data"]));
    }

    [Fact]
    public async Task Parents_like_tmp_and_those_of_roots_own_group_will_do()
    {
        var set = await _fixture.SetAsync(Plain());
        await Peer.RunAsync("sh", "-c", $"mkdir -p '{_fixture["data/one"]}' && chmod 1777 '{_fixture["data/one"]}' && chmod 775 '{_fixture["data"]}'");
        await RunAsync(set);
        Assert.True((await InspectAsync(set)).IsSatisfied);
    }

    [Fact]
    public async Task A_file_that_was_only_touched_is_hashed_and_not_sent()
    {
        var set = await _fixture.SetAsync(Plain());
        await RunAsync(set);
        await Peer.RunAsync("touch", Folder1 + "/large");
        Assert.True((await InspectAsync(set)).IsSatisfied);
        Assert.Equal(0, (await RunAsync(set)).Bytes);
    }

    [Fact]
    public async Task Files_that_nobody_delivered_are_told_and_stay()
    {
        var set = await _fixture.SetAsync(Plain());
        await RunAsync(set);
        Directory.CreateDirectory(Folder1 + "/pki");
        await System.IO.File.WriteAllTextAsync(Folder1 + "/pki/ca.key", "key");
        Assert.Equal(["pki/ca.key"], (await InspectAsync(set)).Unknown);
        var next = await _fixture.SetAsync(Plain(), [File("new", "n"), Whiteout("small")]);
        var inspection = await InspectAsync(next);
        Assert.Equal(["new"], inspection.MissingFiles);
        Assert.Equal(["small"], inspection.Obsolete);
        await RunAsync(next);
        Assert.Equal("key", await System.IO.File.ReadAllTextAsync(Folder1 + "/pki/ca.key"));
        Assert.False(System.IO.File.Exists(Folder1 + "/small"));
    }

    [Fact]
    public async Task An_upgrade_sends_what_changed_and_turns_files_folders_and_links_into_each_other()
    {
        await RunAsync(await _fixture.SetAsync(Plain()));
        var next = await _fixture.SetAsync(
            Plain(),
            [
                Whiteout("small"), Folder("small"), File("small/inside", "i"), Whiteout("sub"), File("sub", "now a file"),
                Whiteout("link"), Folder("link"), File("link/x", "x"), File("renamed", Noise(1, 3_000_000)), Whiteout("large"),
                SymbolicLink("to-folder", "small"),
            ]);
        var result = await RunAsync(next);
        Assert.Equal(await _fixture.ExpectedAsync(next, "c"), await TreeAsync(Folder1));
        Assert.True(result.Bytes < 1000, $"{result.Bytes} bytes were sent for a file that had another name only.");
    }

    [Fact]
    public async Task A_folder_in_the_way_with_files_of_others_is_an_error_and_stays()
    {
        await RunAsync(await _fixture.SetAsync(Plain()));
        await System.IO.File.WriteAllTextAsync(Folder1 + "/sub/mine", "m");
        var next = await _fixture.SetAsync(Plain(), [Whiteout("sub"), File("sub", "now a file")]);
        var result = (await ContentTransfer.RunAsync(new ContentJob(next), [Target]))[0];
        Assert.Equal("ContentInTheWay", result.Error!.Id);
        Assert.Contains("/sub", result.Error.Message, StringComparison.Ordinal);
        Assert.Equal("m", await System.IO.File.ReadAllTextAsync(Folder1 + "/sub/mine"));
    }

    [Fact]
    public async Task Hosts_have_files_of_their_own_and_secrets_are_for_root_alone()
    {
        var set = await _fixture.SetAsync(Plain());
        var target = Target with
        {
            Filter = new ContentFilter(["sub"]),
            Overrides = [new ContentOverride("small", Text("mine")), new ContentOverride("deep/secret", Text("s3cret")) { IsSecret = true }],
        };
        var result = (await ContentTransfer.RunAsync(new ContentJob(set), [target]))[0];
        Assert.Null(result.Error);
        Assert.Equal(await _fixture.ExpectedAsync(set.For(target.Filter, target.Overrides), "d"), await TreeAsync(Folder1));
        Assert.Equal("600", (await Peer.RunAsync("stat", "-c", "%a", Folder1 + "/deep/secret")).Trim());
        target = target with { Overrides = [new ContentOverride("small", Text("other"))] };
        var inspection = (await ContentTransfer.InspectAsync(new ContentJob(set), [target]))[0];
        Assert.Equal(["small"], inspection.MissingFiles);
        Assert.Equal(["deep/secret", "deep"], inspection.Obsolete);
        await ContentTransfer.RunAsync(new ContentJob(set), [target]);
        Assert.Equal(await _fixture.ExpectedAsync(set.For(target.Filter, target.Overrides), "e"), await TreeAsync(Folder1));
    }

    [Fact]
    public async Task A_link_that_somebody_put_in_place_of_a_folder_is_not_written_through()
    {
        var set = await _fixture.SetAsync(Plain());
        await RunAsync(set);
        Directory.CreateDirectory(_fixture["outside"]);
        await Peer.RunAsync("sh", "-c", $"cd '{Folder1}' && rm -r sub && ln -s '{_fixture["outside"]}' sub");
        await RunAsync(set);
        Assert.Empty(Directory.GetFileSystemEntries(_fixture["outside"]));
        Assert.Equal(await _fixture.ExpectedAsync(set, "f"), await TreeAsync(Folder1));
    }

    [Fact]
    public void An_own_file_below_a_link_of_the_image_is_refused()
    {
        var set = ContentSet.Of([new ContentOverride("a", Text("a"))]);
        Assert.Equal("ContentOverrideRefused", Assert.Throws<SealerException>(() => set.For(ContentFilter.Everything, [new ContentOverride("a/b", Text("b"))])).Id);
        Assert.Equal("ContentOverrideRefused", Assert.Throws<SealerException>(() => set.For(ContentFilter.Everything, [new ContentOverride("../b", Text("b"))])).Id);
    }

    private async Task<ContentResult> RunAsync(ContentSet set)
    {
        var result = (await ContentTransfer.RunAsync(new ContentJob(set), [Target]))[0];
        return result.Error is null ? result : throw result.Error;
    }

    private async Task<ContentInspection> InspectAsync(ContentSet set)
    {
        var inspection = (await ContentTransfer.InspectAsync(new ContentJob(set), [Target]))[0];
        return inspection.Error is null ? inspection : throw inspection.Error;
    }

    private static IEnumerable<LayerEntry> Plain() =>
    [
        File("large", Noise(1, 3_000_000)), File("small", "small"), Folder("sub"), File("sub/a b", "a"), File("sub/c", Noise(2, 300_000)),
        SymbolicLink("link", "sub/c"), Folder("hard"), File("hard/first", "both"), HardLink("hard/second", "hard/first"),
    ];

    private static IEnumerable<LayerEntry> Strange() =>
    [
        .. Plain(),
        File("empty", ""), File("-rf", "dash"), File("it's \"quoted\" $HOME `id` \\n", "q"), File("new\nline", "n"), File("größe-文件", "u"), File(" ", "blank"),
        File("new\nline-large", Noise(3, 2_500_001)), File("'large'", Noise(4, 1 << 20)), File("same-as-large", Noise(1, 3_000_000)), File("same-as-c", Noise(2, 300_000)),
        SymbolicLink("absolute", "/etc/passwd"), SymbolicLink("up", "../../../etc"), SymbolicLink("li\nnk", "tar\nget"), SymbolicLink("dangling", "no where"),
        File("setuid", "s") with { Mode = 0b100_111_101_101, Uid = 12, Gid = 34 }, File("setuid-large", Noise(5, 1_100_000)) with { Mode = 0b110_111_101_101, Uid = 7, Gid = 8 },
        Folder("sticky") with { Mode = 0b001_111_111_111, Uid = 3 }, Folder("closed") with { Mode = 0b101_000_000 }, File("closed/in", "in"),
        Folder(new string('d', 90)), File(new string('d', 90) + "/" + new string('f', 200), "long"),
        File("-large", Noise(6, 5_000_000)),
    ];
}
