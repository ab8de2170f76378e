using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;

namespace Sealer.Tests.Hosts.Keys;

public sealed class KnownHostsTests : IDisposable
{
    private static readonly HostKey Key = MakeKey("ssh-ed25519");
    private static readonly HostKey Other = MakeKey("ssh-ed25519");
    private static readonly HostKey Rsa = MakeKey("ssh-rsa");
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_key_is_known_changed_revoked_or_unknown_with_its_line()
    {
        var known = Load($"# mine\nweb,10.0.0.? {Key.Text} comment\n@revoked * {Other.Text}\n");
        Assert.Equal(2, Assert.IsType<KnownHostKey>(known.Check("WEB", 22, Key)).Place.Line);
        Assert.IsType<KnownHostKey>(known.Check("10.0.0.7", 22, Key));
        Assert.Equal(3, Assert.IsType<RevokedHostKey>(known.Check("web", 22, Other)).Place.Line);
        Assert.Equal(2, Assert.IsType<ChangedHostKey>(known.Check("web", 22, MakeKey("ssh-ed25519"))).Places[0].Line);
        Assert.IsType<UnknownHostKey>(known.Check("db", 22, Key));
    }

    [Fact]
    public void A_revoked_key_stays_revoked_where_another_line_knows_it() =>
        Assert.IsType<RevokedHostKey>(Load($"web {Key.Text}\n@revoked web {Key.Text}\n").Check("web", 22, Key));

    [Fact]
    public void A_key_of_a_type_never_seen_of_a_known_host_counts_as_changed() =>
        Assert.IsType<ChangedHostKey>(Load($"web {Key.Text}\n").Check("web", 22, Rsa));

    [Fact]
    public void Several_types_are_known_at_once_and_tell_what_to_ask_for()
    {
        var known = Load($"web {Key.Text}\nweb {Rsa.Text}\n@cert-authority *.example.com {Other.Text}\n");
        Assert.IsType<KnownHostKey>(known.Check("web", 22, Rsa));
        Assert.Equal(["ssh-ed25519", "ssh-rsa"], known.TypesOf("web"));
        Assert.Equal(["-cert-v01@openssh.com"], known.TypesOf("a.example.com"));
    }

    [Fact]
    public void Names_on_other_ports_are_their_own_but_port_22_may_vouch()
    {
        var known = Load($"[web]:2222 {Key.Text}\nweb {Other.Text}\n");
        Assert.IsType<KnownHostKey>(known.Check("web", 2222, Key));
        Assert.IsType<ChangedHostKey>(known.Check("web", 22, Key));
        Assert.IsType<KnownHostKey>(known.Check("web", 2200, Other));
        Assert.IsType<UnknownHostKey>(known.Check("web", 2200, Key));
    }

    [Fact]
    public void A_negated_pattern_takes_a_host_out() =>
        Assert.IsType<UnknownHostKey>(Load($"*.example.com,!bad.example.com {Key.Text}\n").Check("bad.example.com", 22, Key));

    [Theory]
    [InlineData(true, "web", 1, true)]
    [InlineData(false, "web", 1, false)]
    [InlineData(true, "other", 1, false)]
    [InlineData(true, "web", -1, false)]
    public void A_certificate_counts_only_for_its_hosts_and_while_it_is_valid(bool forHosts, string principal, int hoursLeft, bool trusted)
    {
        var known = Load($"@cert-authority web {Other.Text}\n");
        var now = DateTimeOffset.UtcNow;
        var certificate = new HostCertificate(Other, forHosts, [principal], now.AddHours(-2), now.AddHours(hoursLeft));
        Assert.Equal(trusted, known.Check("web", 22, Key, certificate) is KnownHostKey { ByAuthority: true });
        Assert.IsType<UnknownHostKey>(known.Check("web", 22, Other));
    }

    [Fact]
    public void Lines_that_mean_nothing_are_passed_over() =>
        Assert.Empty(Load($"web\n@odd web {Key.Text}\nweb ssh-rsa {Key.Text.Split(' ')[1]}\nweb ssh-ed25519 !!!!\n@revoked web\nweb 1024 35 1234\n|1|x {Key.Type}\n").Entries);

    [Fact]
    public void An_unknown_key_is_refused_and_nothing_is_written()
    {
        var known = Load("");
        var error = Assert.Throws<SealerException>(() => new HostKeyCheck(known).Require("web", 22, Key));
        Assert.Equal("HostKeyUnknown", error.Id);
        Assert.Contains(Key.Fingerprint, error.Message, StringComparison.Ordinal);
        Assert.Equal("", File.ReadAllText(_folder["known_hosts"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_key_is_written_down_when_that_is_asked_for(bool hashed)
    {
        File.WriteAllText(_folder["known_hosts"], $"web {Other.Text}");
        var known = KnownHosts.Load([_folder["known_hosts"]], []);
        var check = new HostKeyCheck(known, HostKeyPolicy.AcceptNew, Hashed: hashed);
        await check.EnrolAsync("db", 2222, check.Require("db", 2222, Key));
        var text = File.ReadAllText(_folder["known_hosts"]);
        Assert.Equal(!hashed, text.Contains("[db]:2222 ", StringComparison.Ordinal));
        Assert.StartsWith($"web {Other.Text}\n", text, StringComparison.Ordinal);
        Assert.IsType<KnownHostKey>(KnownHosts.Load([_folder["known_hosts"]], []).Check("db", 2222, Key));
        Assert.IsType<KnownHostKey>(known.Check("db", 2222, Key));
        Assert.Equal(["known_hosts"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public async Task A_file_that_is_made_is_its_owners_only_and_one_that_is_there_stays_as_it_is()
    {
        var known = KnownHosts.Load([_folder["made/known_hosts"]], []);
        await known.EnrolAsync("web", 22, Key);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["made/known_hosts"]));

        // Another file in its place would be the writer's: root's, where a user's is written with sudo.
        File.WriteAllText(_folder["there"], "# mine\n");
        File.SetUnixFileMode(_folder["there"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var before = Posix.Stat(_folder["there"])!.Value;
        File.CreateSymbolicLink(_folder["link"], _folder["there"]);
        known = KnownHosts.Load([_folder["link"]], []);
        await known.EnrolAsync("web", 22, Key);
        await known.EnrolAsync("db", 22, Key);
        var after = Posix.Stat(_folder["there"])!.Value;
        Assert.Equal((before.Inode, before.RawMode, before.Uid), (after.Inode, after.RawMode, after.Uid));
        Assert.Equal($"# mine\nweb {Key.Text}\ndb {Key.Text}\n", File.ReadAllText(_folder["there"]));
        Assert.Equal([2, 3], known.Entries.Select(e => e.Place.Line));
    }

    [LinuxFact]
    [Trait("Tier", "parts")]
    public async Task What_throws_away_all_that_it_is_given_is_left_as_it_is()
    {
        await Peers.Peer.RunAsync("mknod", "-m", "666", _folder["null"], "c", "1", "3");
        var known = KnownHosts.Load([_folder["null"]], []);
        await known.EnrolAsync("web", 22, Key);
        Assert.Equal(FileState.CharacterDevice, Posix.Stat(_folder["null"])!.Value.Type);
        Assert.Equal(["null"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData(null)]
    public async Task A_key_that_is_taken_as_it_comes_and_kept_nowhere_lets_the_connection_stand(string? file)
    {
        var check = new HostKeyCheck(KnownHosts.Load(file is null ? [] : [file], []), HostKeyPolicy.AcceptNew);
        await check.EnrolAsync("web", 22, check.Require("web", 22, Key));
        Assert.False(File.Exists("/dev/null.lock"));
    }

    [Fact]
    public void Ten_thousand_hosts_are_enrolled_in_a_time_that_grows_with_their_number()
    {
        var known = Load("# mine\n");
        var half = 0L;
        for (var i = 0; i < 10_000; i++)
        {
            // Nobody else holds the file: nothing is waited for, and all of it is this thread's, whatever other tests do.
            Assert.True(known.EnrolAsync($"10.0.{i / 256}.{i % 256}", 22, Key).IsCompletedSuccessfully);
            if (i == 4_999)
                half = GC.GetAllocatedBytesForCurrentThread();
        }

        // Whoever reads all that stands there for each takes 10,000 times a megabyte.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - half, 0, 1L << 30);
        Assert.Equal(10_000, KnownHosts.Load([_folder["known_hosts"]], []).Entries.Count);
        Assert.Equal(10_001, known.Entries[^1].Place.Line);
    }

    [Fact]
    public async Task What_another_process_has_written_meanwhile_counts()
    {
        var (one, two) = (Load("db " + Key.Text + "\n"), KnownHosts.Load([_folder["known_hosts"]], []));
        await one.EnrolAsync("web", 22, Key);
        Assert.Equal("HostKeyChanged", (await Assert.ThrowsAsync<SealerException>(() => two.EnrolAsync("web", 22, Other))).Id);
        await two.EnrolAsync("web", 22, Key);
        Assert.Equal(2, KnownHosts.Load([_folder["known_hosts"]], []).Entries.Count);
    }

    [Fact]
    public void Lines_with_open_names_patterns_and_hidden_names_are_found_in_their_order()
    {
        var known = Load($"*.example.com {Key.Text}\nweb,a.example.com {Other.Text}\n{KnownHostEntry.HashOf("a.example.com")} {Rsa.Text}\nb.example.com {Key.Text}\n");
        Assert.Equal([1, 2, 3], known.Find("A.example.com").Select(e => e.Place.Line));
        Assert.Equal([1, 4], known.Find("b.example.com").Select(e => e.Place.Line));
        Assert.Equal([2], known.Find("web").Select(e => e.Place.Line));
    }

    [Fact]
    public void A_key_that_ssh_config_revokes_is_refused_for_every_host()
    {
        File.WriteAllText(_folder["revoked"], $"# old\n\n{Other.Text} of web\n{Rsa.Text}\n");
        File.WriteAllText(_folder["known_hosts"], $"web {Other.Text}\n");
        var known = KnownHosts.Load([_folder["known_hosts"]], [], [_folder["revoked"]]);
        Assert.Equal(3, Assert.IsType<RevokedHostKey>(known.Check("web", 2222, Other)).Place.Line);
        Assert.IsType<RevokedHostKey>(known.Check("new", 22, Rsa));
        Assert.IsType<UnknownHostKey>(known.Check("new", 22, Key));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("SSHKRL\n\0\u0001")]
    [InlineData("web ssh-ed25519 AAAA\n")]
    public void A_list_of_revoked_keys_that_cannot_be_read_is_no_empty_one(string? text)
    {
        if (text is not null)
            File.WriteAllText(_folder["revoked"], text);
        var error = Assert.Throws<SealerException>(() => KnownHosts.Load([], [], [_folder["revoked"]]));
        Assert.Equal("RevokedHostKeysNotReadable", error.Id);
        Assert.Contains(_folder["revoked"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fingerprint_with_the_padding_of_base64_is_the_same() =>
        Assert.IsType<UnknownHostKey>(new HostKeyCheck(Load(""), Fingerprints: [Key.Fingerprint + "="]).Require("web", 22, Key));

    [Theory]
    [InlineData(HostKeyPolicy.AcceptNew)]
    [InlineData(HostKeyPolicy.Off)]
    public void A_changed_key_is_refused_whatever_is_configured(HostKeyPolicy policy)
    {
        var check = new HostKeyCheck(Load($"web {Key.Text}\n"), policy, [Other.Fingerprint]);
        Assert.Equal("HostKeyChanged", Assert.Throws<SealerException>(() => check.Require("web", 22, Other)).Id);
    }

    [Fact]
    public async Task A_fingerprint_enrols_its_key_and_no_other()
    {
        var check = new HostKeyCheck(Load(""), HostKeyPolicy.AcceptNew, [Key.Fingerprint]);
        Assert.Equal("HostKeyNotAsGiven", Assert.Throws<SealerException>(() => check.Require("web", 22, Other)).Id);
        await check.EnrolAsync("web", 22, check.Require("web", 22, Key));
        Assert.IsType<KnownHostKey>(check.Known.Check("web", 22, Key));
    }

    [Fact]
    public async Task Many_hosts_enrolled_at_once_are_all_written()
    {
        var (one, two) = (Load(""), KnownHosts.Load([_folder["known_hosts"]], []));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? one : two).EnrolAsync($"host{i}", 22, Key)));
        Assert.Equal(40, KnownHosts.Load([_folder["known_hosts"]], []).Entries.Count);
    }

    public void Dispose() => _folder.Dispose();

    internal static HostKey MakeKey(string type)
    {
        var name = Encoding.ASCII.GetBytes(type);
        var blob = new byte[4 + name.Length + 4 + 32];
        BinaryPrimitives.WriteUInt32BigEndian(blob, (uint)name.Length);
        name.CopyTo(blob, 4);
        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(4 + name.Length), 32);
        RandomNumberGenerator.Fill(blob.AsSpan(8 + name.Length));
        return HostKey.TryRead(blob)!;
    }

    private KnownHosts Load(string text)
    {
        File.WriteAllText(_folder["known_hosts"], text);
        return KnownHosts.Load([_folder["known_hosts"]], []);
    }
}
