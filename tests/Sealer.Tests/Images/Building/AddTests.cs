using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sealer.Images;
using Sealer.Images.Building;
using SharpCompress.Compressors.BZip2;

namespace Sealer.Tests.Images.Building;

public sealed class AddTests : IDisposable
{
    // echo hello > f; tar --format=ustar -c f | xz | base64: nothing here writes xz.
    private const string Xz =
        "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AGpdADMAM1AYaImDAdzibkdnUJM3zr+Y2C//cQWv6Yuwj+dboGM/YM8TYVKP/Lf6qJluvn3wfaOhMUzNH9x7Z5tkBOCGUh+I5U350KPF7RLb8NF4DKwnAESdjKhPDq153/m7WqeFSYHajk/vowAAAAAKjRHN3ykbtAABhgGAUAAAI5I5t7HEZ/sCAAAAAARZWg==";

    private readonly BuildFixture _fixture = new();

    private TestFolder Context => _fixture.Context;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.tar.zst")]
    [InlineData("a.tar.bz2")]
    [InlineData("named-otherwise")]
    public async Task A_local_archive_is_unpacked_with_its_owners_modes_and_times(string name)
    {
        Archive(name, ("d/", ""), ("d/f", "content"), ("l", "->d/f"), ("h", "=>d/f"));
        var image = await _fixture.BuildAsync($"FROM scratch|ADD {name} x");
        Assert.Equal("x/ x/d/ x/d/f x/h x/l", await _fixture.ListAsync(image));
        var files = await _fixture.FilesAsync(image);
        var entry = files.FindFile("x/d/f")!.Entry;
        Assert.Equal((7, 8, 0b110_000_000, 1000), (entry.Uid, entry.Gid, entry.Mode, entry.Modified));
        Assert.Equal("d/f", files.FindFile("x/l")!.Entry.LinkTarget);
        Assert.Equal("content", await _fixture.ReadAsync(image, "x/h"));
    }

    [Fact]
    public async Task Copy_unpacks_nothing_and_add_copies_what_is_no_archive()
    {
        Archive("a.tar", ("f", "1"));
        Context.File("text", "BZh but no archive").File("other", "plain");
        var gzip = new MemoryStream();
        using (var packer = new GZipStream(gzip, CompressionLevel.Fastest, leaveOpen: true))
            packer.Write("not a tar"u8);
        File.WriteAllBytes(Context["data.gz"], gzip.ToArray());
        var image = await _fixture.BuildAsync("FROM scratch|COPY a.tar one/|ADD other data.gz two/");
        Assert.Equal("one/ one/a.tar two/ two/data.gz two/other", await _fixture.ListAsync(image));
    }

    [Theory]
    [InlineData("../escape", "")]
    [InlineData("a/../../escape", "")]
    [InlineData("h", "=>../escape")]
    [InlineData("h", "=>nowhere")]
    public async Task An_archive_that_leads_out_of_its_folder_is_refused(string path, string content)
    {
        Archive("a.tar", (path, content));
        var error = await _fixture.FailAsync("FROM scratch|ADD a.tar .");
        Assert.StartsWith("Kubefile:2:1 ", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.InvalidContent, error.Kind);
        Assert.Empty(_fixture.Store.List());
    }

    [Fact]
    public async Task Nothing_of_an_archive_is_written_through_a_link_in_it()
    {
        using var outside = new TestFolder();
        Archive("a.tar", ("l", "->" + outside.Path), ("l/f", "1"));
        await _fixture.FailAsync("FROM scratch|ADD a.tar .");
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Path));
    }

    [Fact]
    public async Task A_truncated_archive_is_told()
    {
        Archive("a.tar.bz2", ("f", string.Concat(Enumerable.Range(0, 200_000).Select(i => i * 7919 % 1000))));
        var whole = File.ReadAllBytes(Context["a.tar.bz2"]);
        File.WriteAllBytes(Context["a.tar.bz2"], whole[..(whole.Length / 2)]);
        var error = await _fixture.FailAsync("FROM scratch|ADD a.tar.bz2 .");
        Assert.Equal(ErrorKind.InvalidContent, error.Kind);
    }

    [Fact]
    public async Task A_bomb_in_an_archive_is_refused()
    {
        // Zeros packed once and repeated, which bzip2 allows, behind the head of a tar that promises them.
        var header = new MemoryStream();
        using (var tar = new TarWriter(header, TarEntryFormat.Ustar, leaveOpen: true))
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "f") { DataStream = new Zeros(80L << 20) });
        header.SetLength(512);
        using (var file = File.Create(Context["a.tar.bz2"]))
        {
            Pack(file, header.ToArray());
            for (var i = 0; i < 80; i++)
                Pack(file, new byte[1 << 20]);
        }

        var error = await _fixture.FailAsync("FROM scratch|ADD a.tar.bz2 .");
        Assert.Equal("ArchiveRatioExceeded", error.Id);
    }

    [Fact]
    public async Task A_packed_chart_is_unpacked_where_helm_looks_for_it()
    {
        Archive("web-1.0.0.tgz", ("web/Chart.yaml", "name: web"), ("web/values.yaml", ""), ("web/templates/x.yaml", "{}"), ("web/charts/sub/Chart.yaml", ""));
        var image = await _fixture.BuildAsync("FROM scratch|APP web local://web-1.0.0.tgz|LAUNCH web", o => o with { Mode = BuildMode.Lite });
        Assert.Equal("helm", image.Applications[0].Type);
        Assert.Equal(["web"], image.Applications[0].Files);
        var files = await _fixture.FilesAsync(image);
        Assert.NotNull(files.FindFile("application/apps/web/Chart.yaml"));
        Assert.NotNull(files.FindFile("application/apps/web/charts/sub/Chart.yaml"));
        Assert.Equal(0, files.FindFile("application/apps/web/Chart.yaml")!.Entry.Uid);
    }

    [Theory]
    [InlineData("APP")]
    [InlineData("CNI")]
    [InlineData("CSI")]
    public async Task A_packed_chart_is_downloaded_and_unpacked_once_for_all_builds(string keyword)
    {
        Archive("web-1.0.0.tgz", ("web/Chart.yaml", "name: web"), ("web/values.yaml", ""), ("web/templates/x.yaml", "{}"));
        var chart = await File.ReadAllBytesAsync(Context["web-1.0.0.tgz"]);
        await using var server = new Registries.HostileRegistry();
        server.On = e => e.Headers.ContainsKey("if-none-match") ? e.ReplyAsync(304) : e.ReplyAsync(200, chart, null, ("ETag", "\"1\""));
        var kubefile = $"FROM scratch|{keyword} web http://{server.Domain}/charts/web-1.0.0.tgz|LAUNCH web";
        var image = await _fixture.BuildAsync(kubefile, o => o with { Mode = BuildMode.Lite });
        Assert.Equal("helm", image.Applications[0].Type);
        Assert.NotNull((await _fixture.FilesAsync(image)).FindFile("application/apps/web/templates/x.yaml"));
        Assert.Equal(image.Digest, (await _fixture.BuildAsync(kubefile, o => o with { Mode = BuildMode.Lite })).Digest);
        Assert.Equal([200, 304], server.Log.Select(e => e.Status));
        await _fixture.PreviewAsync(kubefile);
        Assert.Equal(2, server.Log.Count);
    }

    [Fact]
    public async Task An_address_is_downloaded_checked_and_named()
    {
        using var server = new FileServer();
        var digest = Digest.Of("content"u8);
        var image = await _fixture.BuildAsync($"FROM scratch|ADD --checksum={digest} {server.Address}/files/a%20b.bin?sig=1 d/|ADD {server.Address}/files/x named|APP a {server.Address}/app.yaml");
        Assert.Equal("application/ application/apps/ application/apps/a/ application/apps/a/app.yaml d/ d/a b.bin named", await _fixture.ListAsync(image));
        var entry = (await _fixture.FilesAsync(image)).FindFile("named")!.Entry;
        Assert.Equal((0b110_000_000, FileServer.Modified.ToUnixTimeSeconds()), (entry.Mode, entry.Modified));
        Assert.Equal("kube", image.Applications[0].Type);
    }

    [Fact]
    public async Task A_download_that_is_not_what_it_should_be_is_told_without_its_secrets()
    {
        using var server = new FileServer();
        var secret = server.Address.Replace("http://", "http://user:hunter2@", StringComparison.Ordinal);
        var wrong = await _fixture.FailAsync($"FROM scratch|ADD --checksum={Digest.Of("other"u8)} {secret}/x?sig=hunter3 d/");
        Assert.Equal(("ChecksumMismatch", $"Kubefile:2:1 '{server.Address}/x' is not what --checksum says; look whether the file or the checksum has changed"), (wrong.Id, wrong.Message));
        var missing = await _fixture.FailAsync($"FROM scratch|APP a {secret}/404?sig=hunter3");
        Assert.Equal(("DownloadFailed", $"Kubefile:2:1 '{server.Address}/404' cannot be downloaded: the server answers 404 NotFound; look at the address"), (missing.Id, missing.Message));
        var unnamed = await _fixture.FailAsync($"FROM scratch|ADD {server.Address}/ d/");
        Assert.Equal("DownloadWithoutName", unnamed.Id);
    }

    [Fact]
    public async Task Passwords_in_addresses_are_neither_shown_nor_kept_in_the_image()
    {
        using var server = new FileServer();
        var secret = server.Address.Replace("http://", "http://user:hunter2@", StringComparison.Ordinal);
        var kubefile = $"FROM scratch|ARG SIGN|ADD {secret}/x?sig=$SIGN d/|ADD {server.Address}/y?se=1&sig=hunter4&hunter5 d/|APP a {secret}/app.yaml";
        BuildOptions Sign(BuildOptions options) => options with { BuildArguments = new Dictionary<string, string> { ["SIGN"] = "hunter3" } };
        var preview = await _fixture.PreviewAsync(kubefile, Sign);
        Assert.Equal([$"{server.Address}/x", $"{server.Address}/y", $"{server.Address}/app.yaml"], preview.Platforms[0].Layers.SelectMany(layer => layer.Downloads));
        var image = await _fixture.BuildAsync(kubefile, Sign);
        Assert.Contains($"ADD {server.Address}/x?sig=$SIGN d/", image.Layers.Select(layer => layer.CreatedBy));
        Assert.Contains($"ADD {server.Address}/y?se=&sig=& d/", image.Layers.Select(layer => layer.CreatedBy));
        Assert.DoesNotContain("hunter", string.Concat(_fixture.Events), StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(_fixture.Store.Folder, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain("hunter", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://r.io/a/b.tgz?x=/c", "b.tgz")]
    [InlineData("https://r.io/a%2Fb", null)]
    [InlineData("https://r.io/..%2f..%2fetc", null)]
    [InlineData("https://r.io/%2e%2e", null)]
    [InlineData("https://r.io/", null)]
    [InlineData("https://r.io", null)]
    public void The_name_of_a_download_is_never_a_path(string address, string? name) => Assert.Equal(name, RemoteSource.TryNameOf(address));

    [Fact]
    public async Task An_xz_archive_is_unpacked()
    {
        File.WriteAllBytes(Context["a.tar.xz"], Convert.FromBase64String(Xz));
        Assert.Equal("hello\n", await _fixture.ReadAsync(await _fixture.BuildAsync("FROM scratch|ADD a.tar.xz ."), "f"));
    }

    private static void Pack(Stream target, byte[] content)
    {
        var packed = new MemoryStream();
        using (var bzip = BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Compress, false, leaveOpen: true))
            bzip.Write(content);
        target.Write(packed.ToArray());
    }

    private void Archive(string name, params (string Path, string Content)[] entries)
    {
        var plain = new MemoryStream();
        using (var tar = new TarWriter(plain, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (path, content) in entries)
            {
                var type = path.EndsWith('/') ? TarEntryType.Directory
                    : content.StartsWith("->", StringComparison.Ordinal) ? TarEntryType.SymbolicLink
                    : content.StartsWith("=>", StringComparison.Ordinal) ? TarEntryType.HardLink
                    : TarEntryType.RegularFile;
                var entry = new PaxTarEntry(type, path)
                {
                    Uid = 7,
                    Gid = 8,
                    Mode = (UnixFileMode)0b110_000_000,
                    ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1000),
                };
                if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
                    entry.LinkName = content[2..];
                if (type == TarEntryType.RegularFile)
                    entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                tar.WriteEntry(entry);
            }
        }

        plain.Position = 0;
        using var file = File.Create(Context[name]);
        using Stream packer = Path.GetExtension(name) switch
        {
            ".gz" or ".tgz" => new GZipStream(file, CompressionLevel.Fastest),
            ".zst" => new ZstdSharp.CompressionStream(file),
            ".bz2" => BZip2Stream.Create(file, SharpCompress.Compressors.CompressionMode.Compress, false),
            _ => new BufferedStream(file),
        };
        plain.CopyTo(packer);
    }

    private sealed class Zeros(long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _position; set => _position = value; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - _position);
            Array.Clear(buffer, offset, read);
            _position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>Answers every path with the same content, except /404.</summary>
    private sealed class FileServer : IDisposable
    {
        public static readonly DateTimeOffset Modified = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        private readonly HttpListener _listener = new();

        public FileServer()
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Address = "http://127.0.0.1:" + ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            _listener.Prefixes.Add(Address + "/");
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                context.Response.Headers["Last-Modified"] = Modified.ToString("R");
                context.Response.StatusCode = context.Request.Url!.AbsolutePath == "/404" ? 404 : 200;
                await context.Response.OutputStream.WriteAsync("content"u8.ToArray());
                context.Response.Close();
            }
        }
    }
}
