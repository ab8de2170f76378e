using Sealer.Hosts.Configuration;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Configuration;

/// <summary>The same input to <c>ssh -G</c> and to ours.</summary>
[Trait("Tier", "parts")]
public sealed class SshConfigPeerTests
{
    public static TheoryData<string, string> Table { get; } = new()
    {
        { "Host a\n Port 1\nHost *\n Port 2\n User x", "a" },
        { "Host a b*\n User u1\nHost !b1 b*\n User u2\n Port 3", "b1" },
        { "Host a b*\n User u1\nHost !b1 b*\n User u2\n Port 3", "b2" },
        { "Host ?.example.com\nHostName=%h.internal%%x\nPort = 44", "a.example.com" },
        { "HostName UPPER.Example.com", "Thing" },
        { "Host thing\n User lower\nHost Thing\n User Upper", "Thing" },
        { "Host a\n HostName b.example.com\nMatch host b.example.com\n Port 9\nMatch originalhost a\n User orig", "a" },
        { "Match host *.example.com,!bad.example.com\n Port 9", "good.example.com" },
        { "Match host *.example.com,!bad.example.com\n Port 9", "bad.example.com" },
        { "Match !host a\n Port 9\nMatch all\n Port 10", "b" },
        { "Host a\n User me\nMatch user me\n Port 1\nMatch user root\n Port 2", "a" },
        { "Host a\n User me\nMatch user me\n Port 1\nMatch user root\n Port 2", "b" },
        { "Match localuser root\n User wasroot", "a" },
        { "Match final host b\n Port 5\nHost a\n HostName b\nHost b\n User second", "a" },
        { "Match final all\n Port 5\nHost *\n Port 6", "a" },
        { "Match exec true\n Port 5\nMatch exec \"test %p = 5\"\n User five", "a" },
        { "Match host=a user=\"root\"\n Port 8", "a" },
        { "IdentityFile \"with space\"\nIdentityFile 'single quoted' # comment\nIdentityFile back\\ slash\nIdentitiesOnly yes", "a" },
        { "IdentityFile one\nIdentityFile one\nIdentityFile two\nCertificateFile c1\nCertificateFile c2", "a" },
        { "UserKnownHostsFile a b\nUserKnownHostsFile c\nGlobalKnownHostsFile g", "a" },
        { "StrictHostKeyChecking accept-new\nHashKnownHosts yes\nHostKeyAlias other", "a" },
        { "StrictHostKeyChecking off", "a" },
        { "StrictHostKeyChecking yes", "a" },
        { "ProxyJump u@j1:22,j2,ssh://x@j3:99\nProxyCommand nc %h", "a" },
        { "ProxyCommand nc %h %p\nProxyJump j", "a" },
        { "ProxyJump none\nProxyJump j", "a" },
        { "ProxyJump [2001:db8::1]:2222,10.0.0.9", "a" },
        { "ConnectTimeout 1m30s\nServerAliveInterval 2m\nServerAliveCountMax 7", "a" },
        { "# comment\n\n   # another\nport 5 # tail\n\tUSER\tx", "a" },
        { "Include inc/*.conf\nPort 9", "a" },
        { "Host b\n Include inc/one.conf\nHost *\n Port 9", "a" },
        { "Host a\n Include inc/two.conf\n Port 7\nHost *\n Port 9", "a" },
        { "IgnoreUnknown Nice*\nNiceThing 1\nUseRoaming yes\nPort 3", "a" },
        { "Bogus 1", "a" },
        { "Port", "a" },
        { "Port 70000", "a" },
        { "Port x", "a" },
        { "User a b", "a" },
        { "IdentityFile \"open", "a" },
        { "Match host", "a" },
        { "Match wrong x", "a" },
        { "Match host a all\n Port 5", "a" },
        { "Match final host a all", "a" },
        { "Match all host a", "a" },
        { "IdentitiesOnly perhaps", "a" },
        { "StrictHostKeyChecking perhaps", "a" },
        { "ServerAliveInterval 5x", "a" },
        { "HostName %p", "a" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task It_says_what_ssh_says(string text, string host)
    {
        using var folder = new TemporaryFolder();
        // ssh looks for included files in the home folder of the password file, so that they are named in full.
        Directory.CreateDirectory(folder["inc"]);
        await File.WriteAllTextAsync(folder["inc/one.conf"], "Host a\n User one\n Port 1\n");
        await File.WriteAllTextAsync(folder["inc/two.conf"], "User two\nHost b\n Port 2\n");
        text = text.Replace("inc/", folder["inc/"], StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["config"], text);
        Dictionary<string, List<string>>? theirs = null;
        try
        {
            theirs = Read(await Peer.RunAsync("ssh", "-G", "-F", folder["config"], host));
        }
        catch (InvalidOperationException)
        {
            Assert.Equal("SshConfigInvalid", Assert.Throws<SealerException>(() => Ours(text, host)).Id);
            return;
        }

        var ours = Ours(text, host);
        Assert.Equal(theirs["hostname"][0], ours.HostName);
        Assert.Equal(theirs["port"][0], $"{ours.Port}");
        Assert.Equal(theirs["user"][0], ours.User);
        if (text.Contains("IdentityFile", StringComparison.Ordinal))
            Assert.Equal(theirs["identityfile"], ours.IdentityFiles);
        Assert.Equal(theirs.GetValueOrDefault("certificatefile") ?? [], ours.CertificateFiles);
        Assert.Equal(theirs["identitiesonly"][0], ours.IdentitiesOnly ? "yes" : "no");
        Assert.Equal(theirs["stricthostkeychecking"][0], ours.HostKeys switch
        {
            HostKeyPolicy.Strict => "true",
            HostKeyPolicy.Off => "false",
            HostKeyPolicy.AcceptNew => "accept-new",
            _ => "ask",
        });
        Assert.Equal(theirs["hashknownhosts"][0], ours.HashKnownHosts ? "yes" : "no");
        Assert.Equal(theirs.GetValueOrDefault("hostkeyalias")?[0], ours.HostKeyAlias);
        Assert.Equal(theirs["serveralivecountmax"][0], $"{ours.ServerAliveCountMax}");
        Assert.Equal(theirs["serveraliveinterval"][0], $"{ours.ServerAliveInterval?.TotalSeconds ?? 0}");
        Assert.Equal(theirs["connecttimeout"][0], ours.ConnectTimeout is { } timeout ? $"{timeout.TotalSeconds}" : "none");
        Assert.Equal(SshJump.ParseChain(theirs.GetValueOrDefault("proxyjump")?[0] ?? "none")!, ours.Jumps);
        Assert.Equal(theirs.GetValueOrDefault("proxycommand")?[0], ours.ProxyCommand);
        if (text.Contains("UserKnownHostsFile", StringComparison.Ordinal))
        {
            Assert.Equal(theirs["userknownhostsfile"][0], string.Join(' ', ours.UserKnownHostsFiles));
            Assert.Equal(theirs["globalknownhostsfile"][0], string.Join(' ', ours.GlobalKnownHostsFiles));
        }
    }

    [Theory]
    [InlineData("%d/%h-%p-%r-%u-%n-%l-%L-%i-%%")]
    [InlineData("%d/k-%k")]
    [InlineData("${HOME}/x")]
    public async Task Tokens_mean_what_they_mean_to_ssh(string template)
    {
        // ssh -G prints identity files as they are written, but expands ControlPath, which knows the same tokens.
        using var folder = new TemporaryFolder();
        var text = $"Host short\n HostName %h.example.com\n Port 2201\n User deploy\n ControlPath {template}\n IdentityFile {template}\n";
        await File.WriteAllTextAsync(folder["config"], text);
        var theirs = Read(await Peer.RunAsync("ssh", "-G", "-F", folder["config"], "short"));
        Assert.Equal(theirs["controlpath"][0], Ours(text, "short").IdentityFiles[0]);
    }

    private static SshSettings Ours(string text, string host)
    {
        var options = new SshConfigOptions
        {
            Execute = command => System.Diagnostics.Process.Start("/bin/sh", ["-c", command]) is { } p && p.WaitForExit(10_000) && p.ExitCode == 0,
        };
        return SshConfig.Parse(text, "cfg", options).Resolve(host);
    }

    private static Dictionary<string, List<string>> Read(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ', 2))
        .Where(parts => parts.Length == 2)
        .GroupBy(parts => parts[0], parts => parts[1])
        .ToDictionary(g => g.Key, g => g.ToList());
}
