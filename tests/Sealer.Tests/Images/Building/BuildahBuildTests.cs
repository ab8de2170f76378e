using System.Runtime.Versioning;
using Sealer.Images;
using Sealer.Images.Copying;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.Building;

/// <summary>The same context and instructions, built by Debian's buildah and by us: the same files with the same modes and owners.</summary>
[Trait("Tier", "parts")]
[SupportedOSPlatform("linux")]
public sealed class BuildahBuildTests : IDisposable
{
    private readonly BuildFixture _fixture = new();
    private readonly Buildah _buildah = new();

    public void Dispose()
    {
        _buildah.Dispose();
        _fixture.Dispose();
    }

    // Lines below FROM scratch, LF written as |.
    [Theory]
    [InlineData("COPY f a")]
    [InlineData("COPY f a/")]
    [InlineData("COPY f /a/b/c")]
    [InlineData("COPY f .")]
    [InlineData("COPY f g a/")]
    [InlineData("COPY d a")]
    [InlineData("COPY d .")]
    [InlineData("COPY d d2/sub/")]
    [InlineData("COPY d/* a/")]
    [InlineData("COPY d f a/")]
    [InlineData("COPY ? a/")]
    [InlineData("COPY [fg] a/")]
    [InlineData("COPY d/s/../x a")]
    [InlineData("COPY /f a")]
    [InlineData("COPY link a")]
    [InlineData("COPY folderlink a")]
    [InlineData("COPY folderlink/x a")]
    [InlineData("COPY l* a/")]
    [InlineData("COPY links a")]
    [InlineData("COPY [\"with blank\", \"to here/\"]")]
    [InlineData("COPY --chown=1000:100 d a")]
    [InlineData("COPY --chown=1000 f a/b")]
    [InlineData("COPY --chmod=0700 f a/")]
    [InlineData("COPY --chmod=0711 d a")]
    [InlineData("COPY --chown=5:6 f a/b/c|COPY --chown=7 g a/b/d")]
    [InlineData("COPY d/empty a")]
    [InlineData("COPY f a|COPY g a")]
    [InlineData("COPY d a|COPY f a")]
    [InlineData("COPY d a|COPY f a/s")]
    [InlineData("COPY d a|COPY d a/s/deep")]
    [InlineData("COPY closed a")]
    [InlineData("COPY closed a|COPY d a")]
    [InlineData("ADD archive.tar a")]
    [InlineData("ADD archive.tar f a/")]
    [InlineData("ARG x=d|COPY ${x}/s a")]
    [InlineData("COPY d/ a")]
    [InlineData("COPY ./d/. ./a/")]
    [InlineData("COPY [^a-f] a/")]
    [InlineData("COPY */x a/")]
    [InlineData("COPY --chmod=755 f a|COPY --chmod=4711 g b")]
    [InlineData("COPY --chown=5:6 --chmod=0600 d a")]
    [InlineData("COPY etc etc|COPY --chown=app f a|COPY --chown=app:web f b|COPY --chown=7:web f c")]
    [InlineData("COPY etc etc|ADD --chown=app d a")]
    [InlineData("ADD archive.tar.gz a")]
    [InlineData("ADD archive.tar.bz2 a")]
    [InlineData("ADD archive.tar.xz a")]
    [InlineData("ADD archive.tar.zst a")]
    [InlineData("ADD archive.tar.gz .|ADD archive.tar /deep/er")]
    [InlineData("ADD --chown=5:6 archive.tar a")]
    [InlineData("ADD --chown=5:6 --chmod=0700 archive.tar f a/")]
    [InlineData("COPY archive.tar.gz a/")]
    [InlineData("COPY f a/|COPY d a|ADD archive.tar a")]
    [InlineData("ENV t=to/here|COPY f $t/|COPY g ${t}/x")]
    [InlineData("COPY f \\|# why|  g \\|||  a/")]
    public async Task Files_lie_where_buildah_lays_them(string lines)
    {
        var context = _fixture.Context
            .File("f", "f", (UnixFileMode)0b110_100_100)
            .File("g", "g", (UnixFileMode)0b111_101_101)
            .File("d/x", "x", (UnixFileMode)0b110_000_000)
            .File("d/s/y", "y", (UnixFileMode)0b110_100_100)
            .Folder("d/empty")
            .File("closed/z", "z", (UnixFileMode)0b110_100_100)
            .File("with blank", "b", (UnixFileMode)0b110_100_100)
            .Link("link", "f")
            .Link("folderlink", "d")
            .Link("links/in", "../f")
            .Link("links/out", "/etc/passwd")
            .Link("links/folder", "gone");
        File.SetUnixFileMode(context["closed"], (UnixFileMode)0b111_000_000);
        await Peer.RunAsync("tar", "-C", context.Path, "--owner=7", "--group=8", "-cf", context["archive.tar"], "d", "link");
        context.File("etc/passwd", "root:x:0:0::/:\napp:x:10:20::/:\n", (UnixFileMode)0b110_100_100)
            .File("etc/group", "root:x:0:\nweb:x:30:\n", (UnixFileMode)0b110_100_100);
        foreach (var (program, ending) in new[] { ("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst") })
        {
            if (lines.Contains("." + ending, StringComparison.Ordinal))
                await Peer.RunAsync("tar", "-C", context.Path, "--owner=7", "--group=8", "-I", Peer.Require(program), "-cf", context["archive.tar." + ending], "d", "link");
        }

        await AssertSameAsync("FROM scratch\n" + lines.Replace('|', '\n') + "\n");
    }

    [Theory]
    [InlineData("ADD $URL/files/x.bin a")]
    [InlineData("ADD $URL/files/x.bin a/")]
    [InlineData("ADD $URL/files/x.bin?sig=1 $URL/y a/")]
    [InlineData("ADD --chown=5:6 $URL/x a/b/c")]
    [InlineData("ADD --chmod=0711 $URL/x a")]
    [InlineData("ADD f $URL/x a/")]
    public async Task Downloads_lie_where_buildah_lays_them(string lines)
    {
        await using var server = new Registries.HostileRegistry { On = e => e.ReplyAsync(200, e.Path) };
        _fixture.Context.File("f", "f", (UnixFileMode)0b110_100_100);
        await AssertSameAsync("FROM scratch\n" + lines.Replace("$URL", "http://" + server.Domain, StringComparison.Ordinal) + "\n");
    }

    [Theory]
    [InlineData("# escape=`\nFROM scratch\nCOPY f `\n  g `\n  a/\n")]
    [InlineData("# escape=\\\nFROM scratch\nCOPY f \\\n a\n")]
    [InlineData("ARG B=scratch\nFROM $B\nCOPY f a\n")]
    [InlineData("ARG D=up\nFROM scratch\nARG D\nCOPY f $D/\n")]
    [InlineData("ARG D=up\nFROM scratch\nARG D=down\nCOPY f $D/\n")]
    [InlineData("FROM scratch\nARG D=one\nENV D=two\nCOPY f $D/\n")]
    [InlineData("FROM --platform=linux/amd64 scratch\nCOPY f a\n")]
    [InlineData("\n\n# comment\n  FROM scratch\n\t\n  COPY  f\ta  \n#end")]
    public async Task Files_of_every_form_mean_what_they_mean_to_buildah(string text)
    {
        _fixture.Context.File("f", "f", (UnixFileMode)0b110_100_100).File("g", "g", (UnixFileMode)0b110_100_100);
        await AssertSameAsync(text);
    }

    [Theory]
    [InlineData("*.md\n!README.md\n", null)]
    [InlineData("f\n", "g\n")]
    [InlineData("d\n!d/keep\n", null)]
    [InlineData("**/x\n!d/s/x\n", null)]
    public async Task What_ignore_files_hide_buildah_hides_too(string dockerignore, string? containerignore)
    {
        var context = _fixture.Context;
        foreach (var file in new[] { "f", "g", "a.md", "README.md", "d/keep", "d/x", "d/s/x" })
            context.File(file, file, (UnixFileMode)0b110_100_100);
        context.File(".dockerignore", dockerignore + "Dockerfile\n.*ignore\n");
        if (containerignore is not null)
            context.File(".containerignore", containerignore + "Dockerfile\n.*ignore\n");
        await AssertSameAsync("FROM scratch\nCOPY . all\n");
    }

    private async Task AssertSameAsync(string text)
    {
        File.WriteAllText(_fixture.Context["Dockerfile"], text);
        var theirs = _buildah.Build(_fixture.Context.Path).Files();
        var options = _fixture.Options with { KubefileText = text };
        var image = await _fixture.Builder().BuildAsync(options, CancellationToken.None);
        var ours = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var files = await _fixture.FilesAsync(image);
        foreach (var file in files.Files)
        {
            using var content = new StreamReader(file.Kind == LayerEntryKind.File ? files.Open(file.Path) : Stream.Null);
            var what = file.Kind switch
            {
                LayerEntryKind.Folder => "folder",
                LayerEntryKind.SymbolicLink => "-> " + file.Entry.LinkTarget,
                _ => await content.ReadToEndAsync(),
            };
            ours[file.Path] = $"{Convert.ToString(file.Entry.Mode, 8)} {file.Entry.Uid}:{file.Entry.Gid} {what}";
        }

        Assert.Equal(theirs, ours);
    }

    [Fact]
    public async Task Run_sees_the_files_so_far_its_arguments_and_environment_and_is_not_run_twice()
    {
        Busybox();
        _fixture.Context.File("x", "1");
        const string kubefile = """
            FROM scratch
            ARG WHO=arg
            ENV GREETING=hello
            COPY bin bin
            COPY x data/x
            RUN echo "$GREETING $WHO" > /data/made; rm /data/x
            COPY x data/later
            RUN <<EOF
            read line < /data/made
            echo "$line again" > /data/second
            EOF
            """;
        var image = await _fixture.BuildAsync(kubefile);
        Assert.Equal("hello arg\n", await _fixture.ReadAsync(image, "data/made"));
        Assert.Equal("hello arg again\n", await _fixture.ReadAsync(image, "data/second"));
        Assert.Null((await _fixture.FilesAsync(image)).FindFile("data/x"));
        Assert.NotNull((await _fixture.FilesAsync(image)).FindFile("data/later"));
        Assert.Equal(image.Digest, (await _fixture.BuildAsync(kubefile)).Digest);
        Assert.Equal(2, _fixture.Events.OfType<Sealer.Events.DetailEvent>().Count(e => e.Message.Contains("was run before", StringComparison.Ordinal)));

        var error = await _fixture.FailAsync(kubefile + "\nRUN exit 3\n");
        Assert.Equal("RunFailed", error.Id);
        Assert.Contains("Kubefile:12:1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_run_makes_is_the_same_whenever_it_runs()
    {
        Busybox();
        _fixture.Context.File("x", "1");

        // touch, a new folder, a link, an archive with times in it, and a folder that is written into.
        const string kubefile = """
            FROM scratch
            COPY bin bin
            COPY x data/x
            RUN mkdir /data/new && touch /data/x && echo 1 > /data/new/y && ln -s y /data/new/l
            COPY x data/later
            RUN tar -cf /made.tar /data && touch -d '2001-02-03 04:05:06' /old
            """;
        var first = await _fixture.BuildAsync(kubefile);
        await Task.Delay(1100);
        Assert.Equal(first.Digest, (await _fixture.BuildAsync(kubefile, o => o with { NoCache = true })).Digest);

        // The second RUN alone, on files that were unpacked for it, sees the same times as one that follows the first.
        await Task.Delay(1100);
        var again = await _fixture.BuildAsync(kubefile.Replace("RUN tar", "RUN true && tar", StringComparison.Ordinal));
        Assert.Equal(first.Layers[^1].Digest, again.Layers[^1].Digest);

        var files = await _fixture.FilesAsync(first);
        var time = first.Created!.Value.ToUnixTimeSeconds();
        Assert.All(["data/x", "data/new", "data/new/y", "data/new/l", "made.tar"], path => Assert.Equal(time, files.FindFile(path)!.Entry.Modified));
        Assert.Equal(981173106, files.FindFile("old")!.Entry.Modified);

        // Another date is another input.
        var later = first.Created.Value.AddDays(1);
        var dated = await _fixture.BuildAsync(kubefile, o => o with { SourceDate = later });
        Assert.Equal(later.ToUnixTimeSeconds(), (await _fixture.FilesAsync(dated)).FindFile("made.tar")!.Entry.Modified);
    }

    [Fact]
    public async Task A_variable_of_the_image_is_an_input_of_run()
    {
        Busybox();
        const string rest = "|COPY bin bin|";
        var one = await _fixture.BuildAsync("FROM scratch|ENV X=1" + rest + "RUN echo \"a$X\" > /made");
        var two = await _fixture.BuildAsync("FROM scratch|ENV X=2" + rest + "RUN echo \"a$X\" > /made");
        Assert.Equal(("a1\n", "a2\n"), (await _fixture.ReadAsync(one, "made"), await _fixture.ReadAsync(two, "made")));
    }

    [Fact]
    public async Task A_run_behind_a_copy_behind_a_run_sees_both()
    {
        Busybox();
        _fixture.Context.File("x", "1").File("y", "2");
        const string kubefile = """
            FROM scratch
            COPY bin bin
            COPY x data/x
            RUN rm /data/x; mkdir /data/x; echo made > /data/x/f; ln -s /data /link; echo hidden > /proof
            COPY x link/second
            COPY y proof
            RUN cat /data/second /data/x/f /proof > /all
            """;
        var image = await _fixture.BuildAsync(kubefile);
        Assert.Equal("1made\n2", await _fixture.ReadAsync(image, "all"));
    }

    [Fact]
    public async Task What_we_build_is_read_and_built_upon_by_buildah()
    {
        _fixture.Context.File("x", "ours").File("y", "theirs");
        var image = await _fixture.BuildAsync("FROM scratch|COPY x .|LABEL a=1");

        // buildah makes a name of the path, and names have no capital letters.
        var layout = Path.Combine(Path.GetTempPath(), "sealer-test-" + Guid.NewGuid().ToString("N"));
        try
        {
            await ExportAsync(_fixture.Store, image, layout);
            _buildah.Pull("oci:" + layout, "localhost/ours:v1");
        }
        finally
        {
            Directory.Delete(layout, recursive: true);
        }

        File.WriteAllText(_fixture.Context["Dockerfile"], "FROM localhost/ours:v1\nCOPY y .\n");
        var theirs = _buildah.Build(_fixture.Context.Path);
        Assert.Equal("1", theirs.Config.Settings!.Labels!["a"]);
        Assert.Equal(2, theirs.Manifest.Layers.Count);
    }

    private void Busybox()
    {
        _fixture.Context.File("bin/busybox");
        File.Copy(Peer.Require("busybox"), _fixture.Context["bin/busybox"], overwrite: true);
        File.SetUnixFileMode(_fixture.Context["bin/busybox"], (UnixFileMode)0b111_101_101);
        File.SetLastWriteTimeUtc(_fixture.Context["bin/busybox"], TestFolder.Time);
        foreach (var name in new[] { "sh", "rm", "mkdir", "touch", "ln", "cat", "tar" })
            _fixture.Context.Link("bin/" + name, "busybox");
    }

    private static async Task ExportAsync(ImageStore store, ClusterImage image, string folder)
    {
        var target = ImageStore.Open(folder);
        await ImageCopier.CopyAsync(store, image.Descriptor, target, new CopyOptions(), null, CancellationToken.None);
        await target.TagAsync(image.Reference!, image.Descriptor, CancellationToken.None);
    }
}
