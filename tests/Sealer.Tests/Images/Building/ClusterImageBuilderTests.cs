using System.Formats.Tar;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Copying;

namespace Sealer.Tests.Images.Building;

public sealed class ClusterImageBuilderTests : IDisposable
{
    private readonly BuildFixture _fixture = new();

    private TestFolder Context => _fixture.Context;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Files_and_settings_come_into_the_image()
    {
        Context.File("rootfs/bin/run", "#!/bin/sh\n", (UnixFileMode)0b111_111_101).File("rootfs/etc/x", "x").File("skip");
        var image = await _fixture.BuildAsync("FROM scratch|MAINTAINER me|ENV A=1|COPY rootfs .|LABEL l=1|CMDS echo $A");
        Assert.Equal("bin/ bin/run etc/ etc/x", await _fixture.ListAsync(image));
        Assert.Equal("#!/bin/sh\n", await _fixture.ReadAsync(image, "bin/run"));
        Assert.Equal("test:v1", image.Name);
        Assert.Equal("me", image.Config!.Author);
        Assert.Equal(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1"], image.Config.Settings!.Env);
        Assert.Equal("1", image.Labels["l"]);
        Assert.StartsWith("v", image.Labels[SealerAnnotations.VersionLabel], StringComparison.Ordinal);
        Assert.Equal(["echo $A"], image.Launch.Cmds);
        Assert.Equal("1", image.Env["A"]);
        Assert.Equal(TestFolder.Time, image.Created!.Value.UtcDateTime);
        Assert.Equal(["MAINTAINER me", "ENV A=1", "COPY rootfs .", "LABEL l=1", "CMDS echo $A"], image.Config.History!.Select(h => h.CreatedBy));
        Assert.Equal(ClusterImageType.KubeInstaller, image.Type);
        Assert.DoesNotContain(image.Manifest!.Annotations!.Keys, key => key.StartsWith("org.opencontainers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_same_inputs_give_the_same_image_in_any_store_and_any_folder()
    {
        const string kubefile = "FROM scratch|COPY d .|APP a local://d/a.yaml";
        Context.File("d/a.yaml", "{}").File("d/b/c", "2");
        var one = await _fixture.BuildAsync(kubefile, o => o with { NoCache = true });
        using var other = new BuildFixture();
        other.Context.File("d/b/c", "2").File("d/a.yaml", "{}").File("not/copied");
        var two = await other.BuildAsync(kubefile);
        Assert.Equal(one.Digest, two.Digest);
    }

    [Fact]
    public async Task Nothing_is_newer_than_the_source_date()
    {
        Context.File("x");
        var date = DateTimeOffset.FromUnixTimeSeconds(1_000_000);
        var image = await _fixture.BuildAsync("FROM scratch|COPY x .", o => o with { SourceDate = date });
        Assert.Equal(date, image.Created);
        Assert.Equal(1_000_000, (await _fixture.FilesAsync(image)).FindFile("x")!.Entry.Modified);
    }

    [Fact]
    public async Task An_unchanged_layer_is_taken_from_the_build_before()
    {
        Context.File("x", "one").File("y", "two");
        const string kubefile = "FROM scratch|COPY x .|COPY y .";
        var before = await _fixture.BuildAsync(kubefile);
        _fixture.Events.Clear();
        var after = await _fixture.BuildAsync(kubefile);
        Assert.Equal(before.Digest, after.Digest);
        Assert.Equal(2, Unchanged());

        // The same size and time, and another content: a cache that trusted times would not see it.
        Context.File("y", "TWO");
        _fixture.Events.Clear();
        var changed = await _fixture.BuildAsync(kubefile);
        Assert.Equal("TWO", await _fixture.ReadAsync(changed, "y"));
        Assert.Equal(1, Unchanged());

        _fixture.Events.Clear();
        Assert.Equal(changed.Digest, (await _fixture.BuildAsync(kubefile, o => o with { NoCache = true })).Digest);
        Assert.Equal(0, Unchanged());

        int Unchanged() => _fixture.Events.OfType<DetailEvent>().Count(e => e.Message.Contains("is unchanged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_derived_image_has_the_applications_labels_and_files_of_its_parent_and_not_its_launch()
    {
        Context.File("a.yaml", "{}").File("b.yaml", "{}").File("x", "new");
        var parent = await _fixture.BuildAsync(
            "FROM scratch|ENV E=1 F=1|LABEL l=1 m=1|COPY x old/x|APP a local://a.yaml|LAUNCH a", o => o with { Tags = [ImageReference.Parse("parent:v1")] });
        var image = await _fixture.BuildAsync("FROM parent:v1|ENV F=$E$E|LABEL m=2|APP b local://b.yaml|APPENV a K=v|COPY x old|LAUNCH b");
        Assert.Equal(["a", "b"], image.Applications.Select(a => a.Name));
        Assert.Equal("v", image.Applications[0].Env!["K"]);
        Assert.Equal(("1", "2"), (image.Labels["l"], image.Labels["m"]));
        Assert.Equal(["b"], image.Launch.AppNames);
        Assert.Equal(["F=11"], image.Env.Select(e => $"{e.Key}={e.Value}"));
        Assert.Equal(["E=1", "F=11"], image.Config!.Settings!.Env!.Skip(1));
        Assert.Equal("application/ application/apps/ application/apps/a/ application/apps/a/a.yaml application/apps/b/ application/apps/b/b.yaml old/ old/x", await _fixture.ListAsync(image));
        Assert.Equal(parent.Layers.Select(l => l.Digest), image.Layers.Take(2).Select(l => l.Digest));
        Assert.Equal("docker.io/library/parent:v1", image.Manifest!.Annotations!["org.opencontainers.image.base.name"]);
        Assert.Equal(parent.Digest.ToString(), image.Manifest.Annotations["org.opencontainers.image.base.digest"]);
        Assert.Equal(image.Layers.Count, image.Config.History!.Count(h => !h.EmptyLayer));
    }

    [Fact]
    public async Task Several_platforms_make_an_index()
    {
        Context.File("amd64/bin/x", "amd").File("arm64/bin/x", "arm").File("app.yaml", "{}");
        var image = await _fixture.BuildAsync(
            "FROM scratch|COPY ${ARCH}/bin bin|ENV P=$TARGETPLATFORM|APP myapp local://app.yaml|LAUNCH myapp",
            o => o with { Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")], Annotations = new Dictionary<string, string> { ["k"] = "v" } });
        Assert.True(image.IsIndex);
        Assert.Equal(["linux/amd64", "linux/arm64"], image.Platforms.Select(p => p.ToString()));
        Assert.Equal("arm", await _fixture.ReadAsync(image.Images[1], "bin/x"));
        Assert.Equal("amd", await _fixture.ReadAsync(image.Images[0], "bin/x"));
        Assert.Equal("linux/arm64", image.Images[1].Env["P"]);
        Assert.Equal("v", image.Images[1].Manifest!.Annotations!["k"]);
        Assert.Equal(image.Images[0].Layers[1].Digest, image.Images[1].Layers[1].Digest);
    }

    [Fact]
    public async Task All_names_are_given_and_labels_of_the_caller_win()
    {
        Context.File("x");
        var image = await _fixture.BuildAsync("FROM scratch|COPY x .|LABEL a=1", o => o with
        {
            Tags = [ImageReference.Parse("one:v1"), ImageReference.Parse("r.io/two:v2")],
            Labels = new Dictionary<string, string> { ["a"] = "2", [SealerAnnotations.VersionLabel] = "mine" },
            Type = ClusterImageType.AppInstaller,
        });
        Assert.Equal(["docker.io/library/one:v1", "r.io/two:v2"], _fixture.Store.List().Select(i => i.Reference!.ToString()).Order());
        Assert.Equal(("2", "mine"), (image.Labels["a"], image.Labels[SealerAnnotations.VersionLabel]));
        Assert.Equal(ClusterImageType.AppInstaller, image.Type);
    }

    [Fact]
    public async Task Mistakes_of_text_context_and_applications_are_told_in_one_pass_and_in_order()
    {
        Context.File("readme.md").Folder("empty").File("hidden").File(".dockerignore", "hidden");
        var error = await _fixture.FailAsync(
            "FROM scratch|COPY redme.md .|COPY hidden .|COPPY a b|APP a local://readme.md|APP b local://empty|APP c local://readme.md|APPCMDS c [\"x\"]|APP e local://*.yaml|LAUNCH d");
        Assert.Equal(
            [
                "Kubefile:2:6 there is no 'redme.md' in the context; did you mean 'readme.md'?",
                "Kubefile:3:6 'hidden' is hidden by .dockerignore; change that file, where a last line '!hidden' takes it back",
                "Kubefile:4:1 'COPPY' is not an instruction; did you mean 'COPY'?",
                "Kubefile:5:1 how to start 'a' cannot be told from its files, which are neither a chart nor only manifests nor only scripts; add APPCMDS a [\"command\", ...]",
                "Kubefile:6:1 the application 'b' has no files",
                "Kubefile:9:7 nothing in the context matches '*.yaml', or .dockerignore hides it",
                "Kubefile:10:8 there is no application 'd' above this line; did you mean 'a'?",
            ],
            error.Message.Split(Environment.NewLine));
    }

    [Theory]
    [InlineData("FROM scratch|COPY nothing .", "InvalidKubefile", "Kubefile:2:6 there is no 'nothing' in the context")]
    [InlineData("FROM scratch|COPY ../x .", "InvalidKubefile", "Kubefile:2:6 '../x' leads out of the context; copy what it means into the context first")]
    [InlineData("FROM scratch|APP a local://../x", "InvalidKubefile", "Kubefile:2:7 '../x' leads out of the context; copy what it means into the context first")]
    [InlineData("FROM scratch|COPY a ../../etc/", "InvalidKubefile", "Kubefile:2:8 the destination '../../etc/' leads out of the rootfs")]
    [InlineData("FROM scratch|COPY --chown=app a b", "InvalidOwner", "Kubefile:2:1 'app' of --chown is not in the image's etc/passwd; give its number")]
    [InlineData("FROM scratch|COPY a b|COPY a b/c", "InvalidDestination", "Kubefile:3:1 'b' is a file in the image, and something is copied below it")]
    [InlineData("FROM scratch|APP a local://a", "InvalidKubefile",
        "Kubefile:2:1 how to start 'a' cannot be told from its files, which are neither a chart nor only manifests nor only scripts; add APPCMDS a [\"command\", ...]")]
    [InlineData("FROM scratch|APP a local://empty", "InvalidKubefile", "Kubefile:2:1 the application 'a' has no files")]
    [InlineData("FROM nothing:v1", "ImageNotFound", "Kubefile:1:1 FROM nothing:v1: neither the local store nor its registry has that image. Look at the name, or import the image first.")]
    public async Task What_cannot_be_built_is_told_and_nothing_gets_a_name(string kubefile, string id, string message)
    {
        Context.File("a").Folder("empty");
        var error = await _fixture.FailAsync(kubefile);
        Assert.Equal((id, message), (error.Id, error.Message));
        Assert.Empty(_fixture.Store.List());
        if (id != "ImageNotFound")
            Assert.Equal(message, (await Assert.ThrowsAsync<SealerException>(() => _fixture.PreviewAsync(kubefile))).Message);
    }

    [LinuxFact]
    public async Task A_parent_with_a_device_is_refused_before_anything_of_it_runs()
    {
        var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, leaveOpen: true))
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.BlockDevice, "disk") { DeviceMajor = 8, DeviceMinor = 0, Mode = (UnixFileMode)0b110_110_110 });
        var layer = _fixture.Registry.Add(MediaType.OciLayer, tar.ToArray());
        _fixture.Registry.Names["r.io/hostile:v1"] = await new TinyClusterImage().WriteAsync(
            _fixture.Registry,
            manifest => manifest with { Layers = [layer] },
            config => config with { Rootfs = new ImageRootfs { DiffIds = [layer.Digest] } });
        Assert.Equal("DeviceRefused", (await _fixture.FailAsync("FROM r.io/hostile:v1|RUN [\"/x\"]")).Id);
    }

    [Fact]
    public async Task An_ordinary_image_cannot_be_a_parent()
    {
        _fixture.Registry.Names["docker.io/library/alpine:latest"] = _fixture.Registry.AddImage(extension: null);
        Assert.Equal("NotAClusterImage", (await _fixture.FailAsync("FROM alpine")).Id);
    }

    [Theory]
    [InlineData("kube-instaler", "InvalidImageType")]
    [InlineData("", "InvalidImageType")]
    public async Task A_type_that_is_none_is_refused(string type, string id) =>
        Assert.Equal(id, (await _fixture.FailAsync("FROM scratch", o => o with { Type = type })).Id);

    [Fact]
    public async Task A_build_without_a_name_or_a_kubefile_is_refused()
    {
        Assert.Equal("TagMissing", (await _fixture.FailAsync("FROM scratch", o => o with { Tags = [] })).Id);
        Assert.Equal("KubefileNotFound", (await _fixture.FailAsync("", o => o with { KubefileText = null })).Id);
    }

    [Fact]
    public async Task The_kubefile_of_the_context_is_read_and_hides_nothing_of_itself()
    {
        Context.File("Kubefile", "FROM scratch\nCOPY . .\n").File("x").File(".dockerignore", "y\n.dockerignore\n").File("y");
        var image = await _fixture.Builder().BuildAsync(_fixture.Options, CancellationToken.None);
        Assert.Equal("Kubefile x", await _fixture.ListAsync(image));
    }

    [Fact]
    public async Task A_kubefile_of_old_sealer_builds_as_it_is()
    {
        Context.File("charts/web/Chart.yaml", "name: web").File("list", "# nothing\n").File("imageList", "# nothing\n");
        var image = await _fixture.BuildAsync(
            "FROM scratch|COPY charts charts|COPY imageList manifests|CMD helm install web charts/web, kubectl get pods",
            o => o with { Mode = BuildMode.Lite });
        Assert.Equal("charts/ charts/web/ charts/web/Chart.yaml manifests/ manifests/imageList", await _fixture.ListAsync(image));
        Assert.Equal(["helm install web charts/web", "kubectl get pods"], image.Launch.Cmds);
    }

    [Fact]
    public async Task Heredocs_become_files()
    {
        var image = await _fixture.BuildAsync("FROM scratch|ENV P=80|COPY <<a.conf <<'b.conf' etc/|port $P|a.conf|port $P|b.conf");
        Assert.Equal("port 80\n", await _fixture.ReadAsync(image, "etc/a.conf"));
        Assert.Equal("port $P\n", await _fixture.ReadAsync(image, "etc/b.conf"));
    }

    [Fact]
    public async Task Paths_may_hang_on_the_environment_of_a_parent_that_is_still_to_be_fetched()
    {
        Context.File("d/x", "1");
        using var maker = new BuildFixture();
        var made = await maker.BuildAsync("FROM scratch|ENV DIR=d");
        await ImageCopier.CopyAsync(maker.Store, made.Descriptor, _fixture.Registry, new CopyOptions(), null, CancellationToken.None);
        _fixture.Registry.Names["r.io/parent:v1"] = made.Descriptor;
        const string kubefile = "FROM r.io/parent:v1|COPY $DIR/x $DIR/|APP a local://$DIR/x|APPCMDS a [\"true\"]";
        Assert.Equal(2, Assert.Single((await _fixture.PreviewAsync(kubefile)).Platforms).Layers.Count);
        Assert.Equal("application/ application/apps/ application/apps/a/ application/apps/a/x d/ d/x", await _fixture.ListAsync(await _fixture.BuildAsync(kubefile)));
        Assert.Contains("there is no 'd/y'", (await _fixture.FailAsync("FROM r.io/parent:v1|COPY $DIR/y .")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PullPolicy.Never, 1, 0)]
    [InlineData(PullPolicy.Missing, 1, 0)]
    [InlineData(PullPolicy.IfNewer, 2, 1)]
    [InlineData(PullPolicy.Always, 2, 1)]
    public async Task The_parent_is_fetched_as_the_policy_says(PullPolicy policy, int version, int fetchedWhenNewer)
    {
        await PublishAsync("1");
        await _fixture.BuildAsync("FROM r.io/parent:v1");
        await PublishAsync("2");
        var opened = _fixture.Registry.Opened;
        var image = await _fixture.BuildAsync("FROM r.io/parent:v1", o => o with { Pull = policy });
        Assert.Equal($"{version}", await _fixture.ReadAsync(image, "version"));
        Assert.Equal(fetchedWhenNewer, Math.Min(1, _fixture.Registry.Opened - opened));

        async Task PublishAsync(string content)
        {
            using var maker = new BuildFixture();
            maker.Context.File("version", content);
            var made = await maker.BuildAsync("FROM scratch|COPY version .");
            await ImageCopier.CopyAsync(maker.Store, made.Descriptor, _fixture.Registry, new CopyOptions(), null, CancellationToken.None);
            _fixture.Registry.Names["r.io/parent:v1"] = made.Descriptor;
        }
    }

    [Fact]
    public async Task A_parent_that_may_not_be_fetched_must_be_there() =>
        Assert.Contains("may not be fetched", (await _fixture.FailAsync("FROM r.io/parent:v1", o => o with { Pull = PullPolicy.Never })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_preview_tells_layers_and_images_and_writes_nothing()
    {
        Context.File("m/app.yaml", "kind: Pod\nspec:\n  containers:\n  - image: nginx:1.25\n").File("big", new string('x', 1000));
        var preview = await _fixture.PreviewAsync(
            "FROM scratch|COPY m manifests|COPY big d/|APP web local://m/app.yaml https://example.invalid/x.yaml|RUN true|ADD https://example.invalid/y z",
            o => o with { Tags = [] });
        var platform = Assert.Single(preview.Platforms);
        Assert.Equal(["Kubefile:2:1", "Kubefile:3:1", "Kubefile:4:1", "Kubefile:5:1", "Kubefile:6:1"], platform.Layers.Select(l => l.Place));
        Assert.Equal((1, 1000), (platform.Layers[1].Files, platform.Layers[1].Bytes));
        Assert.Equal(["d", "d/big"], platform.Layers[1].Entries.Select(e => e.Path));
        Assert.Equal(["https://example.invalid/x.yaml"], platform.Layers[2].Downloads);
        Assert.Equal(["https://example.invalid/y"], platform.Layers[4].Downloads);
        Assert.Equal(
            ["manifests/app.yaml:4 ", "application/apps/web/app.yaml:4 web"],
            platform.ContainerImages.Select(i => $"{i.Place} {i.AppName}"));
        Assert.Contains(platform.Warnings, w => w.StartsWith("Kubefile:5:1 What RUN makes", StringComparison.Ordinal));
        Assert.Equal(0, _fixture.Registry.Opened);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_fixture.Store.Folder, "blobs"), "*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_fixture.Store.Folder, "partial")));
    }

    [LinuxX64Fact]
    public async Task A_preview_does_not_run_the_helm_of_the_image_and_says_so()
    {
        Context.File("c/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n").File("helm", "a program");
        var preview = await _fixture.PreviewAsync(
            "FROM scratch|COPY c charts/web|COPY helm bin/helm", o => o with { Helm = new HelmOptions { SearchPath = "" } });
        Assert.Contains(
            Assert.Single(preview.Platforms).Warnings,
            w => w.StartsWith("charts/web: The images of this chart are found when the image is built", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_preview_on_an_absent_parent_says_what_it_cannot_know()
    {
        Context.File("x");
        var platform = Assert.Single((await _fixture.PreviewAsync("FROM r.io/parent:v1|COPY x .|LAUNCH theirs")).Platforms);
        Assert.False(platform.BaseIsKnown);
        Assert.Contains(platform.Warnings, w => w.StartsWith("r.io/parent:v1 is not in the local store", StringComparison.Ordinal));
        Assert.Equal(0, _fixture.Registry.Opened);
    }

    [Fact]
    public async Task Two_builds_at_once_in_one_store_both_succeed()
    {
        for (var i = 0; i < 40; i++)
            Context.File($"d/{i}", new string((char)('a' + i % 26), 5000 + i));
        var builds = Enumerable.Range(0, 4).Select(i => Task.Run(() => _fixture.BuildAsync(
            "FROM scratch|COPY d .",
            o => o with { Tags = [ImageReference.Parse($"test:v{i}")] },
            Sealer.Images.Storage.ImageStore.Open(_fixture.Store.Folder))));
        var images = await Task.WhenAll(builds);
        Assert.Single(images.Select(i => i.Digest).Distinct());
        Assert.Equal(4, _fixture.Store.List().Count);
        Assert.Equal(40, (await _fixture.FilesAsync(images[0])).Files.Count);
    }

    [Fact]
    public async Task A_build_that_is_cancelled_in_the_middle_leaves_a_valid_store()
    {
        for (var i = 0; i < 50; i++)
            Context.File($"d/{i}", new string('x', 100_000));
        Context.File("first", "1");
        using var cancel = new CancellationTokenSource();
        var events = new CancelAt(cancel, "COPY d .");
        var builder = new ClusterImageBuilder(_fixture.Store, _ => _fixture.Registry, events);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => builder.BuildAsync(
            _fixture.Options with { KubefileText = "FROM scratch\nCOPY first .\nCOPY d .\n" }, cancel.Token));
        Assert.Empty(_fixture.Store.List());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_fixture.Store.Folder, "partial")));

        // What was whole is used again, and the rest is made.
        await _fixture.BuildAsync("FROM scratch|COPY first .|COPY d .");
        Assert.Contains(_fixture.Events.OfType<DetailEvent>(), e => e.Message.Contains("is unchanged", StringComparison.Ordinal));
        var report = await _fixture.Store.SweepAsync(dryRun: false, CancellationToken.None);
        Assert.Empty(report.Removed);
    }

    [Fact]
    public async Task A_build_that_is_killed_in_the_middle_leaves_a_valid_store_and_the_next_one_reuses_what_is_whole()
    {
        for (var i = 0; i < 50; i++)
            Context.File($"d/{i}", new string('x', 100_000));
        Context.File("first", "1").File("Kubefile", "FROM scratch\nCOPY first .\nCOPY d .\n");
        var store = _fixture.Store.Folder;
        using (var child = ChildProcess.Start("build", store, Context.Path, "COPY d ."))
        {
            Assert.Equal("in the middle", await child.StandardOutput.ReadLineAsync());
            child.Kill();
            await child.WaitForExitAsync();
        }

        Assert.Empty(_fixture.Store.List());
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(store, "partial")));
        foreach (var blob in Directory.EnumerateFiles(Path.Combine(store, "blobs", "sha256")))
            Assert.Equal(Path.GetFileName(blob), Digest.Of(await File.ReadAllBytesAsync(blob)).Hex);

        var image = await _fixture.Builder().BuildAsync(_fixture.Options, CancellationToken.None);
        Assert.Equal(51, (await _fixture.FilesAsync(image)).Files.Count);
        Assert.Single(_fixture.Events.OfType<DetailEvent>(), e => e.Message.Contains("is unchanged", StringComparison.Ordinal));
        await _fixture.Store.SweepAsync(dryRun: false, CancellationToken.None);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(store, "partial")));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_swept()
    {
        Context.File("x");
        var image = await _fixture.BuildAsync("FROM scratch|COPY x .");
        File.WriteAllText(Path.Combine(_fixture.Store.Folder, "partial", "tmp-dead"), "half a layer");
        var folder = Directory.CreateDirectory(Path.Combine(_fixture.Store.Folder, "partial", "tmp-rootfs"));
        File.WriteAllText(Path.Combine(folder.FullName, "file"), "of a rootfs");
        await _fixture.Store.SweepAsync(dryRun: false, CancellationToken.None);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_fixture.Store.Folder, "partial")));
        Assert.Equal("x", await _fixture.ListAsync(image));
    }

    private sealed class CancelAt(CancellationTokenSource cancel, string item) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is ProgressEvent progress && progress.Item == item)
                cancel.Cancel();
        }
    }
}
