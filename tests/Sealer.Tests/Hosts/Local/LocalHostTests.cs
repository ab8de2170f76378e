using System.Text;
using Sealer.Hosts;
using Sealer.Hosts.Local;

namespace Sealer.Tests.Hosts.Local;

public sealed class LocalHostTests
{
    private readonly LocalHost _host = new("here");

    [LinuxFact]
    public async Task Output_error_and_exit_code_come_back_apart()
    {
        var result = await _host.RunAsync(new HostCommand("printf out; printf err >&2; exit 7"));
        Assert.Equal(("out", "err", 7), (result.Output, result.Error, result.ExitCode));
        var error = Assert.Throws<SealerException>(() => result.Require("do it"));
        Assert.Equal("here could not do it (exit code 7). Its own words: err", error.Message);
    }

    [LinuxFact]
    public async Task Input_and_output_stream_byte_by_byte()
    {
        var bytes = new byte[3 << 20];
        Random.Shared.NextBytes(bytes);
        var output = new MemoryStream();
        var result = await _host.RunAsync(new HostCommand("cat") { Input = new MemoryStream(bytes), Output = output });
        Assert.True(result.Succeeded);
        Assert.Equal(bytes, output.ToArray());
    }

    [LinuxFact]
    public async Task Of_a_hundred_megabytes_of_output_the_beginning_and_the_end_are_kept()
    {
        var result = await _host.RunAsync(new HostCommand("echo first; head -c 100000000 /dev/zero; echo; echo last") { MaxOutput = 10_000 });
        Assert.True(result.Truncated);
        Assert.InRange(result.Output.Length, 10_000, 10_100);
        Assert.StartsWith("first\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("\nlast\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("bytes left out", result.Output, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task What_is_shown_is_harmless()
    {
        var lines = new Collected();
        await _host.RunAsync(new HostCommand("printf 'a\\033[31mred\\n##vso[task.setvariable]x\\n  ::set-output name=a::b\\nplain::text\\n\\377\\r\\n'") { Lines = lines });
        Assert.Equal(["a?[31mred", "# #vso[task.setvariable]x", "  : :set-output name=a::b", "plain::text", "\uFFFD"], lines.Lines.Select(l => l.Text));
    }

    [LinuxFact]
    public async Task Secrets_reach_the_command_and_neither_its_command_line_nor_what_is_shown()
    {
        var lines = new Collected();
        var result = await _host.RunAsync(new HostCommand("echo \"$TOKEN\"; tr '\\0' '\\n' </proc/$$/cmdline; cat")
        {
            Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of("s3cr3t-value") },
            Input = new MemoryStream("rest"u8.ToArray()),
            Lines = lines,
        });
        Assert.StartsWith("s3cr3t-value\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("rest", result.Output, StringComparison.Ordinal);
        Assert.Equal(1, result.Output.Split("s3cr3t-value").Length - 1);
        Assert.DoesNotContain(lines.Lines, l => l.Text.Contains("s3cr3t", StringComparison.Ordinal));
    }

    [LinuxFact]
    public async Task A_command_that_takes_too_long_is_stopped_with_its_children()
    {
        using var folder = new TemporaryFolder();
        var error = await Assert.ThrowsAsync<SealerException>(() => _host.RunAsync(
            new HostCommand($"(sleep 60; touch {folder["late"]}) & echo $! > {folder["pid"]}; wait") { Timeout = TimeSpan.FromSeconds(1) }));
        Assert.Equal("HostCommandTimedOut", error.Id);
        Assert.False(Directory.Exists("/proc/" + File.ReadAllText(folder["pid"]).Trim()) && !File.ReadAllText($"/proc/{File.ReadAllText(folder["pid"]).Trim()}/stat").Contains(" Z ", StringComparison.Ordinal));
    }

    [LinuxFact]
    public async Task A_command_that_does_not_read_its_input_ends()
    {
        var result = await _host.RunAsync(new HostCommand("exit 3") { Input = new MemoryStream(new byte[8 << 20]) });
        Assert.Equal(3, result.ExitCode);
    }

    [LinuxFact]
    public async Task A_file_is_put_atomically_with_its_mode_and_got_again()
    {
        using var folder = new TemporaryFolder();
        var path = folder["new folder/it's.txt"];
        await _host.PutAsync(new MemoryStream("content"u8.ToArray()), path, new HostFileOptions { Mode = 0x180 });
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var got = new MemoryStream();
        await _host.GetAsync(path, got);
        Assert.Equal("content", Encoding.UTF8.GetString(got.ToArray()));
        Assert.Single(Directory.GetFiles(folder["new folder"]));
    }

    [LinuxFact]
    public async Task A_link_where_a_file_is_being_put_is_not_followed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["victim"], "untouched");
        File.CreateSymbolicLink(folder[".file.sealer-partial"], folder["victim"]);
        await _host.PutAsync(new MemoryStream("new"u8.ToArray()), folder["file"]);
        Assert.Equal("untouched", File.ReadAllText(folder["victim"]));
        Assert.Equal("new", File.ReadAllText(folder["file"]));
    }

    [LinuxFact]
    public async Task A_file_that_is_not_there_is_told_in_the_hosts_words()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => _host.GetAsync("/no/such/file", Stream.Null));
        Assert.Contains("No such file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("it's $HOME `x` \"y\" \\ !")]
    [InlineData("two\nlines")]
    public async Task Words_reach_the_program_as_they_are(string word)
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(word, (await _host.RunAsync(HostCommand.Of("printf", "%s", word))).Output);
    }

    internal sealed class Collected : IProgress<HostOutputLine>
    {
        public List<HostOutputLine> Lines { get; } = [];

        public void Report(HostOutputLine value)
        {
            lock (Lines)
                Lines.Add(value);
        }
    }
}
