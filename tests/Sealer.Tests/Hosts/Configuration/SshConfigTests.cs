using System.Runtime.Versioning;
using Sealer.Hosts.Configuration;

namespace Sealer.Tests.Hosts.Configuration;

public sealed class SshConfigTests
{
    [Fact]
    public void First_value_wins_and_identity_files_add_up()
    {
        var settings = Resolve("""
            Host web*
                Port 2022
                IdentityFile ~/.ssh/web
            Host *
                Port 22
                User ops
                IdentityFile ~/.ssh/all
                IdentityFile ~/.ssh/web
            """, "web1");
        Assert.Equal(2022, settings.Port);
        Assert.Equal("ops", settings.User);
        Assert.Equal(["/home/me/.ssh/web", "/home/me/.ssh/all"], settings.IdentityFiles);
    }

    [Fact]
    public void Every_mistake_is_told_with_its_file_and_line_and_the_nearest_word()
    {
        var error = Assert.Throws<SealerException>(() => SshConfig.Parse("Port 99999\nHost a\n  Usr me\n  IdentitiesOnly maybe\nHostName", "cfg", Options));
        Assert.Equal("SshConfigInvalid", error.Id);
        Assert.Contains("cfg:1: port '99999' is not a port", error.Message, StringComparison.Ordinal);
        Assert.Contains("cfg:3: 'usr' is not known; did you mean 'user'?", error.Message, StringComparison.Ordinal);
        Assert.Contains("cfg:4: identitiesonly 'maybe' is not yes or no", error.Message, StringComparison.Ordinal);
        Assert.Contains("cfg:5: 'hostname' has no value", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_of_a_million_letters_is_quoted_in_part_and_compared_with_nothing() =>
        Assert.InRange(Assert.Throws<SealerException>(() => SshConfig.Parse(new string('x', 1_000_000) + " y\nPort " + new string('9', 1_000_000), "cfg", Options)).Message.Length, 1, 600);

    [Fact]
    public void Files_of_revoked_keys_are_those_of_the_host_and_none_is_none()
    {
        Assert.Equal(["/home/me/.ssh/revoked"], Resolve("Host a\nRevokedHostKeys ~/.ssh/revoked\nHost *\nRevokedHostKeys /etc/ssh/revoked", "a").RevokedHostKeysFiles);
        Assert.Empty(Resolve("RevokedHostKeys none", "a").RevokedHostKeysFiles);
        Assert.Empty(Resolve("Port 22", "a").RevokedHostKeysFiles);
    }

    [UnprivilegedFact]
    [SupportedOSPlatform("linux")]
    public void A_folder_to_include_that_may_not_be_looked_into_has_nothing_in_it()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["closed"]);
        File.SetUnixFileMode(folder["closed"], UnixFileMode.None);
        Assert.Equal(7, Resolve($"Include {folder["closed"]}/*\nPort 7", "a").Port);
        File.SetUnixFileMode(folder["closed"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void Times_longer_than_a_timer_counts_are_no_errors()
    {
        var options = new Sealer.Hosts.Ssh.SshHostOptions
        {
            Address = "a",
            User = "u",
            HostKeys = new(Sealer.Hosts.Keys.KnownHosts.Load([], [])),
            ConnectTimeout = TimeSpan.FromSeconds(int.MaxValue),
            KeepAlive = TimeSpan.FromSeconds(int.MaxValue),
            KeepAliveCount = int.MaxValue,
        };
        Assert.All([options.ConnectTimeout, options.KeepAlive, options.Patience], time => Assert.InRange(time.TotalMilliseconds, 1, int.MaxValue));
        Assert.Equal(TimeSpan.FromSeconds(45), new Sealer.Hosts.Ssh.SshHostOptions { Address = "a", User = "u", HostKeys = options.HostKeys }.Patience);
    }

    [Fact]
    public void Unknown_keywords_that_the_file_says_to_ignore_are_no_mistake() =>
        Assert.Equal(7, Resolve("IgnoreUnknown Fancy*,other\nFancyThing yes\nOther 1\nPort 7", "a").Port);

    [Fact]
    public void A_file_that_includes_itself_ends_with_an_error()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config"], $"Include {folder["config"]}\n");
        var error = Assert.Throws<SealerException>(() => SshConfig.Load(Options with { UserFile = folder["config"], SystemFile = folder["none"] }));
        Assert.Contains("include each other", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_many_stars_is_matched_without_trying_everything() =>
        Assert.False(SshPattern.Matches(string.Concat(Enumerable.Repeat("*a", 200)) + "b", new string('a', 2000)));

    [Fact]
    public void A_chain_takes_the_first_jump_hosts_own_jumps()
    {
        var config = SshConfig.Parse("""
            Host target
                ProxyJump me@inner:2200,last
            Host inner
                HostName 10.0.0.1
                ProxyJump outer
            Host last
                ProxyJump nobody
            """, "cfg", Options);
        var chain = config.ResolveChain("target");
        Assert.Equal(["outer", "10.0.0.1", "last", "target"], chain.Select(c => c.HostName));
        Assert.Equal("me", chain[1].User);
        Assert.Equal(2200, chain[1].Port);
    }

    [Fact]
    public void Jump_hosts_that_go_in_a_circle_are_refused()
    {
        var config = SshConfig.Parse("Host a\n ProxyJump b\nHost b\n ProxyJump a\n", "cfg", Options);
        Assert.Contains("circle", Assert.Throws<SealerException>(() => config.ResolveChain("a")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a;b")]
    [InlineData("$(x)")]
    [InlineData("user@")]
    [InlineData("a:0")]
    [InlineData("a,,b")]
    public void A_jump_host_with_a_name_that_is_none_is_refused(string chain) => Assert.Null(SshJump.ParseChain(chain));

    [Fact]
    public void Match_exec_is_run_only_by_who_allows_it()
    {
        const string Text = "Match originalhost a exec \"check %h %p\"\n  Port 5\nHost *\n  Port 6\n";
        Assert.Equal(6, Resolve(Text, "b").Port);
        Assert.Contains("cfg:1", Assert.Throws<SealerException>(() => Resolve(Text, "a")).Message, StringComparison.Ordinal);
        var ran = "";
        var allowed = Options with { Execute = c => (ran = c).Length > 0 };
        Assert.Equal(5, SshConfig.Parse(Text, "cfg", allowed).Resolve("a").Port);
        Assert.Equal("check a 22", ran);
    }

    [Theory]
    [InlineData("IdentityFile %q")]
    [InlineData("IdentityFile ${NOT_SET_ANYWHERE}")]
    [InlineData("HostName %p")]
    public void A_token_that_is_not_known_is_an_error_with_its_line(string line) =>
        Assert.StartsWith("cfg:2:", Assert.Throws<SealerException>(() => Resolve("\n" + line, "a")).Message, StringComparison.Ordinal);

    internal static SshConfigOptions Options { get; } = new() { Home = "/home/me", LocalUser = "me", LocalHost = "laptop.example.com" };

    private static SshSettings Resolve(string text, string host) => SshConfig.Parse(text, "cfg", Options).Resolve(host);
}
