using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>Key files that are none, or that a wrong passphrase has made something else of.</summary>
public sealed class KeyFileTests : IDisposable
{
    // An octet where a number should be, and a length that nothing has.
    private const string WrongTag = "MAMEAQE=";
    private const string TooLong = "b3BlbnNzaC1rZXktdjEA/////w==";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("RSA", WrongTag)]
    [InlineData("EC", WrongTag)]
    [InlineData("", WrongTag)]
    [InlineData("OPENSSH", TooLong)]
    [InlineData("OPENSSH", WrongTag)]
    [InlineData("RSA", "MIIBAA==")]
    public void A_broken_key_is_told_with_its_path_and_never_ends_all_else(string kind, string base64)
    {
        var label = $"{kind} PRIVATE KEY".TrimStart();
        File.WriteAllText(_folder["key"], $"-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
        foreach (var passphrase in new[] { null, Secret.Of("wrong") })
        {
            var options = new SshHostOptions { Address = "a", User = "u", HostKeys = new HostKeyCheck(KnownHosts.Load([], [])), Passphrase = passphrase };
            var named = Assert.Throws<SealerException>(() => SshAuthentication.Methods(options with { KeyFiles = [_folder["key"]] }, [], out _));
            Assert.Equal("KeyFileNotUsable", named.Id);
            Assert.Contains(_folder["key"], named.Message, StringComparison.Ordinal);

            // One that is tried where it is there is passed over.
            var methods = SshAuthentication.Methods(options with { DefaultKeyFiles = [_folder["key"]], Password = Secret.Of("p") }, [], out var tried);
            Assert.Equal(2, methods.Length);
            Assert.Contains(tried, words => words.StartsWith($"not the key {_folder["key"]}", StringComparison.Ordinal));
        }
    }

    [Fact]
    [Trait("Tier", "parts")]
    public async Task No_wrong_passphrase_of_an_old_key_is_anything_but_wrong()
    {
        await Peers.Peer.RunAsync("ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "right", "-f", _folder["key"]);
        var options = new SshHostOptions { Address = "a", User = "u", HostKeys = new HostKeyCheck(KnownHosts.Load([], [])), KeyFiles = [_folder["key"]] };
        // One of 256 looks decrypted.
        for (var i = 0; i < 1_000; i++)
        {
            var error = Assert.Throws<SealerException>(() => SshAuthentication.Methods(options with { Passphrase = Secret.Of($"wrong{i}") }, [], out _));
            Assert.Contains("the passphrase does not open it", error.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();
}
