using System.Globalization;
using Sealer.Hosts.Keys;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Keys;

/// <summary>The same files to ssh-keygen and to ours.</summary>
[Trait("Tier", "parts")]
public sealed class KnownHostsPeerTests
{
    [Theory]
    [InlineData("web", 22)]
    [InlineData("WEB", 22)]
    [InlineData("a.example.com", 22)]
    [InlineData("bad.example.com", 22)]
    [InlineData("10.0.0.5", 22)]
    [InlineData("10.0.0.55", 22)]
    [InlineData("web", 2222)]
    [InlineData("hidden", 2222)]
    [InlineData("hidden", 22)]
    [InlineData("2001:db8::1", 22)]
    [InlineData("2001:db8::1", 2222)]
    [InlineData("revoked", 22)]
    [InlineData("nobody", 22)]
    public async Task Ssh_keygen_finds_the_same_lines(string host, int port)
    {
        using var folder = new TemporaryFolder();
        var keys = new List<string>();
        foreach (var (type, bits) in new[] { ("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "384") })
        {
            await Peer.RunAsync("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-f", folder[type]);
            keys.Add(string.Join(' ', (await File.ReadAllTextAsync(folder[type + ".pub"])).Split(' ').Take(2)));
        }

        await File.WriteAllTextAsync(folder["hidden"], $"[hidden]:2222 {keys[0]}\nhidden {keys[1]}\n");
        await Peer.RunAsync("ssh-keygen", "-H", "-f", folder["hidden"]);
        await File.WriteAllTextAsync(folder["known_hosts"], $"""
            # a comment
            web,*.example.com,!bad.example.com {keys[0]}
            web {keys[1]} with a comment
            10.0.0.? {keys[0]}
            [web]:2222 {keys[2]}
            @cert-authority *.example.com {keys[1]}
            @revoked revoked,web {keys[2]}
            2001:db8::1 {keys[0]}
            [2001:db8::1]:2222 {keys[1]}
            {await File.ReadAllTextAsync(folder["hidden"])}
            """);
        string found;
        try
        {
            found = await Peer.RunAsync("ssh-keygen", "-F", port == 22 ? host : $"[{host}]:{port}", "-f", folder["known_hosts"]);
        }
        catch (InvalidOperationException)
        {
            found = "";
        }

        var lines = found.Split('\n').Where(l => l.StartsWith("# Host", StringComparison.Ordinal))
            .Select(l => int.Parse(l.Split("line ")[1].Split(' ')[0], CultureInfo.InvariantCulture));
        Assert.Equal(lines, KnownHosts.Load([folder["known_hosts"]], []).Find(host, port).Select(e => e.Place.Line));
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task Fingerprints_are_those_of_ssh_keygen(string type)
    {
        using var folder = new TemporaryFolder();
        await Peer.RunAsync("ssh-keygen", "-q", "-t", type, "-N", "", "-f", folder["key"]);
        var words = (await File.ReadAllTextAsync(folder["key.pub"])).Split(' ');
        Assert.Contains(HostKey.TryParse(words[0], words[1])!.Fingerprint, await Peer.RunAsync("ssh-keygen", "-l", "-f", folder["key"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ssh_keygen_finds_what_we_hash()
    {
        using var folder = new TemporaryFolder();
        var known = KnownHosts.Load([folder["known_hosts"]], []);
        await known.EnrolAsync("Hidden.example.com", 2222, KnownHostsTests.MakeKey("ssh-ed25519"), hashed: true);
        Assert.Contains("found: line 1", await Peer.RunAsync("ssh-keygen", "-F", "[hidden.example.com]:2222", "-f", folder["known_hosts"]), StringComparison.Ordinal);
    }
}
