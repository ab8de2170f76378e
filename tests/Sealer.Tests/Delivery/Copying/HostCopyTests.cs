using System.Text;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Sealer.Delivery.Copying;
using Sealer.Hosts;
using Sealer.Hosts.Local;

namespace Sealer.Tests.Delivery.Copying;

/// <summary>Copying, with this machine as the host.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostCopyTests : IAsyncLifetime
{
    private const string Quoted = "it's \"a\" $name \\ with%ä";

    private readonly TemporaryFolder _folder = new();
    private readonly LocalHost _host = new("web-1");

    private string There => _folder["there/deep"];

    private string Source => _folder["source"];

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(Source, "sub", "empty"));
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), "hello\n");
        await File.WriteAllTextAsync(Path.Combine(Source, "sub", Quoted), "odd\n");
        await File.WriteAllTextAsync(Path.Combine(Source, "sub", "nothing"), "");
        await File.WriteAllTextAsync(Path.Combine(Source, "-rf"), "dash\n");
        File.SetUnixFileMode(Path.Combine(Source, "a"), (UnixFileMode)0x1E8); // 0750
        File.SetUnixFileMode(Path.Combine(Source, "sub"), (UnixFileMode)0x1C0); // 0700
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "sub/nothing");
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_folder_arrives_with_all_that_is_in_it_and_again_sends_nothing()
    {
        var first = await SendAsync(There);
        Assert.Equal((4, 0), (first.Files, first.Unchanged));
        AssertSame(Source, There);
        var again = await SendAsync(There);
        Assert.Equal((0, 0L, 4), (again.Files, again.Bytes, again.Unchanged));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder["there"], "*", SearchOption.AllDirectories), p => Path.GetFileName(p).Contains("sealer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_what_differs_is_sent_and_what_is_there_besides_stays()
    {
        await SendAsync(There);
        await File.WriteAllTextAsync(Path.Combine(There, "theirs"), "x");
        await File.WriteAllTextAsync(Path.Combine(There, "a"), "jello\n");
        File.SetUnixFileMode(Path.Combine(There, "-rf"), UnixFileMode.UserRead);
        var again = await SendAsync(There);
        Assert.Equal((1, 6L, 3), (again.Files, again.Bytes, again.Unchanged));
        File.Delete(Path.Combine(There, "theirs"));
        AssertSame(Source, There);
    }

    [Fact]
    public async Task A_link_that_is_named_itself_is_followed_both_ways()
    {
        var link = Path.Combine(Source, "named");
        File.CreateSymbolicLink(link, "a");
        var fetched = await HostCopy.FetchAsync(_host, link, _folder["here"]);
        Assert.Equal(1, fetched.Files);
        await HostCopy.SendAsync(_host, await LocalItems.ReadAsync([link]), Path.Combine(There, "b"));
        foreach (var copy in new[] { new FileInfo(Path.Combine(_folder["here"], "named")), new FileInfo(Path.Combine(There, "b")) })
        {
            Assert.Null(copy.LinkTarget);
            Assert.Equal("hello\n", await File.ReadAllTextAsync(copy.FullName));
            Assert.Equal((UnixFileMode)0x1E8, copy.UnixFileMode);
        }
    }

    [LinuxFact]
    public async Task What_is_on_its_way_here_is_nobody_elses()
    {
        var target = new GuardedFolder(_folder["here"], "host");
        var file = new CopyEntry("keys/ca.key", CopyKind.File, 0x1A4, 3, Convert.ToHexString(SHA256.HashData("key"u8)));
        target.MakeFolder("keys");
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(_folder["here/keys"]));
        await using (var partial = target.OpenPartial(file, takeUp: false))
        {
            Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(partial.Name));
            await partial.WriteAsync("key"u8.ToArray());
        }

        target.Finish(file);
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(_folder["here/keys/ca.key"]));
    }

    [Fact]
    public async Task A_slash_at_the_end_means_into()
    {
        var items = await LocalItems.ReadAsync([Source, Path.Combine(Source, "a")]);
        await HostCopy.SendAsync(_host, items, There + "/");
        AssertSame(Source, Path.Combine(There, "source"));
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(There, "a")));
        Assert.Equal("DestinationInvalid", (await Assert.ThrowsAsync<SealerException>(() => HostCopy.SendAsync(_host, items, There))).Id);
    }

    [Fact]
    public async Task A_file_gets_the_name_that_is_asked_for_or_goes_into_a_folder_that_is_there()
    {
        var items = await LocalItems.ReadAsync([Path.Combine(Source, "a")]);
        await HostCopy.SendAsync(_host, items, Path.Combine(There, "b"));
        await HostCopy.SendAsync(_host, items, There);
        Assert.Equal(["a", "b"], Directory.GetFiles(There).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_folder_is_never_replaced_by_a_file_and_a_link_is_not_followed()
    {
        Directory.CreateDirectory(Path.Combine(There, "a"));
        var error = await Assert.ThrowsAsync<SealerException>(() => SendAsync(There));
        Assert.Equal("HostCommandFailed", error.Id);
        Assert.Contains("./a is a folder there", error.Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(There, "a"));

        await File.WriteAllTextAsync(_folder["outside"], "untouched");
        File.CreateSymbolicLink(Path.Combine(There, "a"), _folder["outside"]);
        await SendAsync(There);
        Assert.Equal("untouched", await File.ReadAllTextAsync(_folder["outside"]));
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(There, "a")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_file_is_taken_up_where_it_was_cut_unless_that_was_something_else(bool same)
    {
        var bytes = RandomNumberGenerator.GetBytes(9_000_001);
        var file = _folder["large"];
        await File.WriteAllBytesAsync(file, bytes);
        Directory.CreateDirectory(There);
        await File.WriteAllBytesAsync(Path.Combine(There, ".large.sealer-partial"), same ? bytes[..5_000_000] : new byte[5_000_000]);
        var sent = await HostCopy.SendAsync(_host, await LocalItems.ReadAsync([file]), There + "/");
        Assert.Equal(same ? 4_000_001 : 9_000_001, sent.Bytes);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(There, "large")));
        Assert.Single(Directory.GetFileSystemEntries(There));

        var here = _folder["here"];
        Directory.CreateDirectory(here);
        await File.WriteAllBytesAsync(Path.Combine(here, ".large.sealer-partial"), same ? bytes[..5_000_000] : new byte[5_000_000]);
        var fetched = await HostCopy.FetchAsync(_host, Path.Combine(There, "large"), here);
        Assert.Equal(same ? 4_000_001 : 9_000_001, fetched.Bytes);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(here, "large")));
        Assert.Single(Directory.GetFileSystemEntries(here));
    }

    [Fact]
    public async Task A_folder_comes_back_and_again_fetches_nothing()
    {
        var first = await HostCopy.FetchAsync(_host, Source, There);
        Assert.Equal((4, 0), (first.Files, first.Unchanged));
        Assert.Empty(first.Skipped);
        AssertSame(Source, There);
        var again = await HostCopy.FetchAsync(_host, Source + "/", There);
        Assert.Equal((0, 0L, 4), (again.Files, again.Bytes, again.Unchanged));
        var one = await HostCopy.FetchAsync(_host, Path.Combine(Source, "sub", Quoted), _folder["one"]);
        Assert.Equal((1, "odd\n"), (one.Files, await File.ReadAllTextAsync(Path.Combine(_folder["one"], Quoted))));
        Assert.Equal("ItemNotFound", (await Assert.ThrowsAsync<SealerException>(() => HostCopy.FetchAsync(_host, "/no/such", There))).Id);
    }

    [Fact]
    public async Task What_a_hostile_host_holds_stays_in_its_folder()
    {
        File.CreateSymbolicLink(Path.Combine(Source, "out"), "../../etc/passwd");
        File.CreateSymbolicLink(Path.Combine(Source, "root"), "/etc/passwd");
        await File.WriteAllTextAsync(Path.Combine(Source, "two\nlines"), "x");
        await File.WriteAllTextAsync(Path.Combine(Source, "== end"), "x");
        File.SetUnixFileMode(Path.Combine(Source, "a"), UnixFileMode.SetUser | UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await _host.RunAsync(new HostCommand($"mkfifo {Source}/pipe"));
        var fetched = await HostCopy.FetchAsync(_host, Source, There);
        Assert.Equal(5, fetched.Files);
        Assert.Equal(4, fetched.Skipped.Count);
        Assert.Equal(["link", "sub"], Directory.GetFileSystemEntries(There).Where(p => new FileInfo(p).LinkTarget is not null || Directory.Exists(p)).Select(Path.GetFileName).Order());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(There, "a")));
    }

    [LinuxFact]
    [Trait("Tier", "parts")]
    public async Task What_another_user_has_laid_as_a_link_is_not_followed_and_roots_own_is()
    {
        Directory.CreateDirectory(_folder["target/victim"]);
        Directory.CreateDirectory(_folder["there"]);
        File.CreateSymbolicLink(_folder["there/sub"], _folder["target/victim"]);
        await _host.RunAsync(new HostCommand($"chown -h 65534 '{_folder["there/sub"]}'"));
        var items = await LocalItems.ReadAsync([Source]);
        var error = await Assert.ThrowsAsync<SealerException>(() => HostCopy.SendAsync(_host, items, _folder["there"]));
        Assert.Contains("another user's link", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["target/victim"]));
        await _host.RunAsync(new HostCommand($"chown -h 0 '{_folder["there/sub"]}'"));
        await HostCopy.SendAsync(_host, items, _folder["there"]);
        Assert.NotEmpty(Directory.GetFileSystemEntries(_folder["target/victim"]));
    }

    [Fact]
    public async Task Links_that_lead_out_over_other_links_are_left_out()
    {
        Directory.CreateDirectory(Path.Combine(Source, "d/e/f/g"));
        File.CreateSymbolicLink(Path.Combine(Source, "d/e/f/g/up"), "../../..");
        // By its text d/e/f/g/up/../../x lies inside; over the link it is what lies beside the folder.
        File.CreateSymbolicLink(Path.Combine(Source, "out"), "d/e/f/g/up/../../victim");
        await File.WriteAllTextAsync(_folder["victim"], "secret");
        var fetched = await HostCopy.FetchAsync(_host, Source, There);
        Assert.Contains(fetched.Skipped, skipped => skipped.StartsWith("out:", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(There, "out")));
    }

    [Theory]
    [InlineData("8000000000000000 ./big")]
    [InlineData("9223372036854775807 ./big\n81a4 9223372036854775807 ./big2")]
    [InlineData("4611686018427387904 ./small")]
    public async Task A_host_that_lies_about_sizes_is_refused_and_not_asked_for_ever(string listed)
    {
        var hash = new string('a', 64);
        var host = new Scripted(command => command.Contains("== folders", StringComparison.Ordinal)
            ? $"== folders\n41ed 0 .\n== files\n81a4 {listed}\n{hash}  ./big\n{hash}  ./big2\n{hash}  ./small\n== links\n== others\n== broken\n== end\n" : "few bytes");
        var error = await Assert.ThrowsAsync<SealerException>(() => HostCopy.FetchAsync(host, "/there", There));
        Assert.Contains(error.Id, (string[])["HostFileChanged", "HostListingBroken"]);
        Assert.InRange(host.Commands, 1, 5);
    }

    [Fact]
    public async Task A_host_that_sends_without_end_is_let_go()
    {
        var hash = new string('a', 64);
        var host = new Scripted(command => command.Contains("== folders", StringComparison.Ordinal)
            ? $"== folders\n41ed 0 .\n== files\n81a4 5 ./small\n{hash}  ./small\n== links\n== others\n== broken\n== end\n" : null);
        var error = await Assert.ThrowsAsync<SealerException>(() => HostCopy.FetchAsync(host, "/there", There));
        Assert.Equal("HostFileChanged", error.Id);
    }

    [Fact]
    public async Task Nothing_is_written_through_a_link_that_lies_here()
    {
        Directory.CreateDirectory(There);
        Directory.CreateDirectory(_folder["outside"]);
        File.CreateSymbolicLink(Path.Combine(There, "sub"), _folder["outside"]);
        Assert.Equal("LinkInTheWay", (await Assert.ThrowsAsync<SealerException>(() => HostCopy.FetchAsync(_host, Source, There))).Id);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["outside"]));
        Directory.Delete(Path.Combine(There, "sub"));

        // Gathered beside its place: what lies there under that name is not followed either.
        await File.WriteAllTextAsync(_folder["victim"], "untouched");
        File.CreateSymbolicLink(Path.Combine(There, ".a.sealer-partial"), _folder["victim"]);
        await HostCopy.FetchAsync(_host, Source, There);
        Assert.Equal("untouched", await File.ReadAllTextAsync(_folder["victim"]));
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(There, "a")));
    }

    [Fact]
    public async Task What_cannot_be_sent_is_said()
    {
        await File.WriteAllTextAsync(Path.Combine(Source, "two\nlines"), "x");
        await _host.RunAsync(new HostCommand($"mkfifo {Source}/pipe"));
        var sent = await SendAsync(There);
        Assert.Equal((4, 2), (sent.Files, sent.Skipped.Count));
    }

    [Fact]
    public async Task Four_thousand_files_take_a_few_round_trips()
    {
        var many = _folder["many"];
        Directory.CreateDirectory(many);
        for (var i = 0; i < 4000; i++)
            await File.WriteAllTextAsync(Path.Combine(many, $"file {i}"), $"{i}");
        var counting = new Counting(_host);
        var items = await LocalItems.ReadAsync([many]);
        Assert.Equal(4000, (await HostCopy.SendAsync(counting, items, There)).Files);
        Assert.InRange(counting.Commands, 1, 6);
        counting.Commands = 0;
        Assert.Equal(4000, (await HostCopy.SendAsync(counting, items, There)).Unchanged);
        Assert.InRange(counting.Commands, 1, 3);
        counting.Commands = 0;
        Assert.Equal(4000, (await HostCopy.FetchAsync(counting, There, _folder["back"])).Files);
        Assert.InRange(counting.Commands, 1, 3);
    }

    private async Task<CopyResult> SendAsync(string destination) => await HostCopy.SendAsync(_host, await LocalItems.ReadAsync([Source]), destination);

    private static void AssertSame(string one, string other) => Assert.Equal(Tree(one), Tree(other));

    private static string Tree(string root) => string.Join('\n', Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(p =>
    {
        var info = new FileInfo(p);
        var what = info.LinkTarget ?? (Directory.Exists(p) ? "/" : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(p))));
        return $"{Path.GetRelativePath(root, p)} {(info.LinkTarget is null ? (int)info.UnixFileMode : 0):X} {what}";
    }));

    /// <summary>A host that says what it is told to; null is for ever.</summary>
    private sealed class Scripted(Func<string, string?> answer) : IHost
    {
        public string Name => "liar";

        public int Commands { get; private set; }

        public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
        {
            Assert.True(++Commands < 1000, "It is asked for ever.");
            var text = answer(command.Script);
            for (var i = 0; text is null; i++)
            {
                Assert.True(i < 10_000, "What it sends without end is taken.");
                await command.Output!.WriteAsync(new byte[64 << 10], cancellationToken);
            }

            await command.Output!.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
            return new HostCommandResult(Name, 0, "", "", false);
        }

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Counting(IHost host) : IHost
    {
        public int Commands { get; set; }

        public string Name => host.Name;

        public Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
        {
            Commands++;
            return host.RunAsync(command, cancellationToken);
        }

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
