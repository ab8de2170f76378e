using System.Text;
using Sealer.Clusterfiles;

namespace Sealer.Tests.Clusterfiles;

public sealed class HostileClusterfileTests
{
    [Fact]
    public void Ten_thousand_hosts_are_read()
    {
        var text = new StringBuilder("kind: Cluster\nmetadata: { name: big }\nspec:\n  hosts:\n  - { ips: [ 10.0.0.1 ], roles: [ master ] }\n");
        for (var i = 0; i < 10_000; i++)
            text.Append($"  - ips: [ 10.{1 + (i / 65536)}.{i / 256 % 256}.{i % 256} ]\n    roles: [ node ]\n    labels: {{ rack: r{i % 40} }}\n");

        Assert.Equal(10_001, Clusterfile.Read(text.ToString()).GetSpec().Hosts.Count);
    }

    [Fact]
    public void Ten_thousand_hosts_of_one_range_are_read() =>
        Assert.Equal(10_000, Clusterfile.Read(ClusterfileReadTests.Small.Replace("10.0.0.2", "10.0.0.1-10.0.39.16", StringComparison.Ordinal)).GetSpec().Hosts.Count);

    [Theory]
    [InlineData("0.0.0.1-255.255.255.255")]
    [InlineData("\"fd00::1-fdff::1\"")]
    [InlineData("10.0.0.0-10.0.64.0")]
    public void A_range_of_too_many_hosts_is_refused_before_it_is_counted_out(string range) =>
        Assert.Contains("holds more than 16384 addresses", Assert.Single(Clusterfile.Read(
            ClusterfileReadTests.Small.Replace("10.0.0.2", range, StringComparison.Ordinal)).Diagnostics).Message);

    [Fact]
    public void A_range_that_is_named_again_and_again_is_not_counted_out_each_time()
    {
        var result = Clusterfile.Read(ClusterfileReadTests.Small.Replace("10.0.0.2", string.Join(", ", Enumerable.Repeat("10.0.0.1-10.0.63.200", 100_000)), StringComparison.Ordinal));
        Assert.Contains(result.Diagnostics, d => d.Message.Contains("is here twice", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("LABEL", "10.0.0.1-10.0.39.16 a=b\n")]
    [InlineData("TAINT", "10.0.0.1-10.0.39.16 a=b:NoSchedule\n")]
    public void Old_plugins_that_label_all_hosts_again_and_again_are_refused(string type, string line)
    {
        var text = ClusterfileReadTests.Small.Replace("10.0.0.2", "10.0.0.1-10.0.39.16", StringComparison.Ordinal);
        for (var i = 0; i < 20; i++)
            text += $"\n---\nkind: Plugin\nmetadata: {{ name: p{i} }}\nspec:\n  type: {type}\n  action: PreGuest\n  data: |\n" + string.Concat(Enumerable.Repeat("    " + line, 5_000));
        Assert.Contains("plugins name more than 2000000 hosts", Assert.Single(Clusterfile.Read(text).Diagnostics, d => d.Severity == Sealer.Kubefiles.DiagnosticSeverity.Error).Message);
    }

    [Theory]
    [InlineData("toJson")]
    [InlineData("value|toJson")]
    public void Data_that_nests_deeper_than_JSON_is_usually_written_becomes_JSON(string process)
    {
        var deep = string.Concat(Enumerable.Repeat("{ a: ", 100)) + "1" + new string('}', 100);
        var spec = Clusterfile.Read(ClusterfileReadTests.Small + $"\n---\nkind: Config\nspec: {{ path: etc/a, process: '{process}', data: \"{deep}\" }}\n").GetSpec();
        Assert.Contains("{\"a\":{\"a\":", Sealer.Clusterfiles.Configs.ConfigData.Apply(spec.Configs[0], null).Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void A_path_that_no_file_can_have_is_refused(string path) =>
        Assert.Equal("ClusterfileUnreadable", Assert.Throws<SealerException>(() => Clusterfile.ReadFile(path)).Id);

    [Theory]
    [InlineData("a:99999", true)]
    [InlineData("ops@a:22, [fd00::1]:2222", false)]
    [InlineData("", false)]
    public void A_way_through_other_hosts_that_nobody_could_go_is_found_here(string jump, bool isWrong) =>
        Assert.Equal(isWrong, Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  ssh: {{ user: \"\", proxyJump: \"{jump}\" }}", StringComparison.Ordinal)).HasErrors);

    [Fact]
    public void Messages_are_the_same_whatever_the_users_culture()
    {
        var culture = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            // As in Germany, on machines too that know no countries.
            var german = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
            (german.NumberFormat.NumberGroupSeparator, german.NumberFormat.NumberDecimalSeparator) = (".", ",");
            System.Globalization.CultureInfo.CurrentCulture = german;
            An_alias_bomb_is_refused_and_never_followed();
            Assert.Contains("more than 20,000,000 steps", Assert.Throws<SealerException>(() => Sealer.Clusterfiles.Templates.Template.Parse("{{ range 90000000 }}{{ end }}", "t").Render(new Dictionary<string, string>(), default)).Message);
            Assert.Contains("0.01 days", Assert.Throws<SealerException>(() => new Sealer.Certificates.CertificatePolicy { Lifetime = TimeSpan.FromMinutes(20) }.Check(DateTimeOffset.UtcNow)).Message);
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void Too_many_hosts_in_all_are_refused() =>
        Assert.Contains(
            Clusterfile.Read(ClusterfileReadTests.Small.Replace("10.0.0.2", "10.0.0.1-10.0.60.0, 10.1.0.1-10.1.60.0", StringComparison.Ordinal)).Diagnostics,
            d => d.Message == "there are more than 16384 hosts");

    [Fact]
    public void An_alias_bomb_is_refused_and_never_followed()
    {
        var text = new StringBuilder(ClusterfileReadTests.Small + "\n  cmd: [ x ]\n---\nkind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\na0: &a0 [ lol, lol, lol, lol, lol, lol, lol, lol, lol ]\n");
        for (var i = 1; i < 30; i++)
            text.Append($"a{i}: &a{i} [ {string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))} ]\n");

        Assert.Contains("stands for more than 1,000,000 values", Assert.Single(Clusterfile.Read(text.ToString()).Diagnostics).Message);
    }

    [Fact]
    public void Aliases_of_long_text_are_counted_by_its_length()
    {
        var text = new StringBuilder(ClusterfileReadTests.Small + $"\n---\nkind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\na: &a {new string('x', 1_000_000)}\nb:\n");
        for (var i = 0; i < 1_000; i++)
            text.Append("- *a\n");

        Assert.Contains("stands for more than", Assert.Single(Clusterfile.Read(text.ToString()).Diagnostics).Message);
    }

    [Fact]
    public void Aliases_that_nest_without_end_are_refused_before_they_use_up_the_stack()
    {
        var text = new StringBuilder(ClusterfileReadTests.Small + "\n---\nkind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\na0: &a0 [ x ]\n");
        for (var i = 1; i < 20_000; i++)
            text.Append($"a{i}: &a{i} [ *a{i - 1} ]\n");

        Assert.Contains("nested deeper than 200 levels", Assert.Single(Clusterfile.Read(text.ToString()).Diagnostics).Message);
    }

    [Fact]
    public void An_alias_of_what_it_stands_in_is_refused() =>
        Assert.Contains("stands inside of what it stands for", Assert.Single(Clusterfile.Read(
            ClusterfileReadTests.Small + "\n---\nkind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\na: &a { b: *a }\n").Diagnostics).Message);

    [Fact]
    public void Merge_keys_of_a_map_into_itself_are_refused() =>
        Assert.Contains("stands inside of what it stands for", Assert.Single(Clusterfile.Read(
            ClusterfileReadTests.Small.Replace("spec:", "spec: &s\n  <<: *s", StringComparison.Ordinal)).Diagnostics).Message);

    [Theory]
    [InlineData("[", 100_000)]
    [InlineData("{ a: ", 100_000)]
    [InlineData("- ", 100_000)]
    [InlineData("? ", 100_000)]
    public void Nesting_without_end_is_refused(string opening, int times)
    {
        var error = Assert.Single(Clusterfile.Read(string.Concat(Enumerable.Repeat(opening, times))).Diagnostics);
        Assert.Contains("nested", error.Message);
    }

    [Fact]
    public void More_values_than_a_file_may_have_are_refused() =>
        Assert.Contains("has more than 500000 values", Assert.Single(Clusterfile.Read("a: [" + string.Concat(Enumerable.Repeat("1,", 600_000)) + "1]").Diagnostics).Message);

    [Fact]
    public void A_file_that_is_too_large_is_refused_before_it_is_parsed() =>
        Assert.Equal("Clusterfile:1:1 the file has more than 16 Mi characters", Assert.Single(Clusterfile.Read(new string('#', (16 * 1024 * 1024) + 1)).Diagnostics).ToString());

    [Fact]
    public void More_documents_than_a_file_may_have_are_refused() =>
        Assert.Equal("Clusterfile:1:1 the file has more than 20000 documents", Assert.Single(Clusterfile.Read(string.Concat(Enumerable.Repeat("a: b\n---\n", 20_002))).Diagnostics).ToString());

    [Theory]
    [InlineData("env", "V{0}=1")]
    [InlineData("cmd", "c{0}")]
    [InlineData("appNames", "a{0}")]
    public void Long_lists_are_read_in_a_time_that_grows_with_their_length(string field, string item)
    {
        var items = string.Join(", ", Enumerable.Range(0, 200_000).Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, item, i)));
        Assert.Empty(Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  {field}: [ {items} ]", StringComparison.Ordinal)).Diagnostics);
    }

    [Fact]
    public void More_roles_than_a_host_may_have_are_refused() =>
        Assert.Contains("more than 100 roles", Assert.Single(Clusterfile.Read(
            ClusterfileReadTests.Small.Replace("[ master ]", "[ master, " + string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"role-of-mine-{i}")) + " ]", StringComparison.Ordinal)).Diagnostics).Message);

    [Fact]
    public void Duplicate_keys_are_told_wherever_they_are()
    {
        var result = Clusterfile.Read("""
            kind: Cluster
            kind: Cluster
            metadata: { name: c, name: d }
            spec:
              hosts:
                - ips: [ 10.0.0.2 ]
                  roles: [ master ]
                  ips: [ 10.0.0.3 ]
                  labels: { a: b, a: c }
            """);

        Assert.Equal([2, 3, 8, 9], result.Diagnostics.Select(d => d.Location.Line));
        Assert.All(result.Diagnostics, d => Assert.Contains("is here twice; the first is in line", d.Message));
    }

    [Theory]
    [InlineData("\t", 6)]
    [InlineData("  \t", 6)]
    public void Tabs_are_named_where_they_stand(string indentation, int line)
    {
        var error = Assert.Single(Clusterfile.Read(ClusterfileReadTests.Small.Replace("  hosts:\n    - ips", $"  hosts:\n{indentation}- ips", StringComparison.Ordinal)).Diagnostics);
        Assert.Equal((line, "a tab indents this line; YAML takes spaces only"), (error.Location.Line, error.Message));
    }

    [Fact]
    public void A_tab_in_a_script_is_not_blamed_for_a_mistake_above_it()
    {
        var error = Assert.Single(Clusterfile.Read(ClusterfileReadTests.Small + "\n---\nkind: Plugin\nmetadata: { name: \"p }\nspec:\n  type: SHELL\n  data: |\n    if true; then\n    \techo hi\n    fi\n").Diagnostics);
        Assert.DoesNotContain("tab", error.Message);
    }

    [Fact]
    public void A_byte_order_mark_may_stand_in_front_of_the_file_and_of_files_put_behind_it()
    {
        var result = Clusterfile.Read("\uFEFF" + ClusterfileReadTests.Small + "\n---\n\uFEFFkind: Config\nspec: { path: a, data: b }\n");

        Assert.Empty(result.Diagnostics);
        Assert.Single(result.GetSpec().Configs);
    }

    [Fact]
    public void Windows_line_breaks_change_nothing()
    {
        var result = Clusterfile.Read(ClusterfileReadTests.Everything.ReplaceLineEndings("\r\n"));

        Assert.Equal("user: root\n", result.GetSpec().Configs[0].Data);
        Assert.Equal(27, result.GetSpec().Hosts[2].Location!.Line);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../etc")]
    [InlineData("a/b")]
    [InlineData("-rf")]
    [InlineData("a b")]
    [InlineData("$(reboot)")]
    [InlineData("a;reboot")]
    [InlineData("a\\nb")]
    [InlineData("a\\u202eb")]
    [InlineData("\\u001b[31m")]
    public void A_hostile_name_of_a_cluster_is_refused_and_told_harmlessly(string name)
    {
        var error = Assert.Single(Clusterfile.Read(ClusterfileReadTests.Small.Replace("name: c", $"name: \"{name.Replace("\\\\", "\\", StringComparison.Ordinal)}\"", StringComparison.Ordinal)).Diagnostics);
        Assert.Contains("cannot be a cluster's name", error.Message);
        Assert.DoesNotContain(error.ToString(), c => char.IsControl(c) || c == '\u202E');
    }

    [Theory]
    [InlineData("hostAliases: [ { ip: 10.0.0.9, hostnames: [ \"a; reboot\" ] } ]")]
    [InlineData("hostAliases: [ { ip: 10.0.0.9, hostnames: [ \"a\\n10.0.0.1 b\" ] } ]")]
    [InlineData("dataRoot: \"/a$(reboot)\"")]
    [InlineData("dataRoot: /")]
    [InlineData("dataRoot: relative")]
    [InlineData("containerRuntime: { type: \"x; reboot\" }")]
    [InlineData("registry: { localRegistry: { domain: \"x y\" } }")]
    [InlineData("ssh: { user: -oProxyCommand=reboot }")]
    [InlineData("appNames: [ \"../x\" ]")]
    [InlineData("env: [ \"A\\nB=1\" ]")]
    public void Names_that_a_shell_or_a_path_would_obey_are_refused(string field) =>
        Assert.True(Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", "spec:\n  " + field, StringComparison.Ordinal)).HasErrors);

    [LinuxFact]
    public void A_file_that_never_ends_is_refused() =>
        Assert.Contains("more than 16 Mi characters", Assert.Throws<SealerException>(() => Clusterfile.ReadFile("/dev/zero")).Message);

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a//b")]
    [InlineData("a\\\\..\\\\b")]
    [InlineData("a\\0b")]
    [InlineData("a/")]
    public void A_config_may_not_leave_the_rootfs(string path) =>
        Assert.NotEmpty(Clusterfile.Read(ClusterfileReadTests.Small + $"\n---\nkind: Config\nspec: {{ path: \"{path}\", data: x }}\n").Diagnostics);

    [Fact]
    public void A_file_of_nothing_but_mistakes_tells_the_first_of_them()
    {
        var text = new StringBuilder("kind: Cluster\nmetadata: { name: c }\nspec:\n");
        for (var i = 0; i < 50_000; i++)
            text.Append($"  x{i}: 1\n");

        Assert.Equal(2_001, Clusterfile.Read(text.ToString()).Diagnostics.Count);
    }

    [Fact]
    public void Ten_thousand_warnings_are_no_error()
    {
        var text = new StringBuilder(ClusterfileReadTests.Small + "\n");
        for (var i = 0; i < 10_000; i++)
            text.Append($"    - ips: [ 10.1.{i / 256}.{i % 256} ]\n");

        var result = Clusterfile.Read(text.ToString());
        Assert.Equal(10_001, result.GetSpec().Hosts.Count);
        Assert.Equal(2_001, result.Diagnostics.Count);
    }

    [Fact]
    public void A_word_of_a_million_letters_is_compared_with_nothing_and_quoted_in_part()
    {
        var result = Clusterfile.Read("kind: " + new string('x', 1_000_000));

        Assert.NotEmpty(result.Diagnostics);
        Assert.All(result.Diagnostics, d => Assert.True(d.Message.Length < 300));
    }

    [Fact]
    public void A_NUL_character_is_named_with_its_place() =>
        Assert.Equal("Clusterfile:2:3 a NUL character stands here; the file is no text, or not UTF-8", Assert.Single(Clusterfile.Read("a\nbc\0d").Diagnostics).ToString());

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void Text_of_another_encoding_is_read_by_its_mark(string encoding)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["Clusterfile"], ClusterfileReadTests.Small, Encoding.GetEncoding(encoding));

        Assert.Equal("c", Clusterfile.ReadFile(folder["Clusterfile"]).GetSpec().Name);
    }

    [Fact]
    public void Text_of_another_encoding_without_a_mark_is_refused_with_the_reason()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["Clusterfile"], new UnicodeEncoding(false, byteOrderMark: false).GetBytes(ClusterfileReadTests.Small));
        Assert.Contains("a NUL character stands here; the file is no text, or not UTF-8", Assert.Single(Clusterfile.ReadFile(folder["Clusterfile"]).Diagnostics).Message);

        File.WriteAllBytes(folder["Clusterfile"], Encoding.Latin1.GetBytes(ClusterfileReadTests.Small + "# B\u00e4cker\n"));
        Assert.Contains("it is not UTF-8 text", Assert.Throws<SealerException>(() => Clusterfile.ReadFile(folder["Clusterfile"])).Message);
    }

    [Theory]
    [InlineData("##vso[task.complete result=Failed]")]
    [InlineData("a\\n##vso[task.setvariable variable=x]y")]
    [InlineData("a\\r\\n::set-output name=x::y")]
    [InlineData("\\u001b]0;title\\u0007")]
    [InlineData("a\\u2028b")]
    [InlineData("\\u202Egnp.exe")]
    public void What_an_agent_or_a_terminal_would_obey_is_in_no_message(string word)
    {
        var text = ClusterfileReadTests.Small
            .Replace("name: c", $"name: \"{word}\"", StringComparison.Ordinal)
            .Replace("spec:", $"spec:\n  \"{word}\": x\n  image: \"{word}\"\n  dataRoot: \"{word}\"\n  env: [ \"{word}=1\" ]", StringComparison.Ordinal);

        var result = Clusterfile.Read(text);
        var message = Assert.Throws<SealerException>(() => result.GetSpec()).Message;

        Assert.InRange(result.Diagnostics.Count, 4, 20);
        foreach (var shown in result.Diagnostics.Select(d => d.ToString()))
        {
            Assert.DoesNotContain("##", shown, StringComparison.Ordinal);
            Assert.DoesNotContain(shown, c => char.IsControl(c) || c is '\u202E' or '\u2028');
        }

        Assert.DoesNotContain(message.Split('\n'), line => line.StartsWith("##", StringComparison.Ordinal) || line.StartsWith("::", StringComparison.Ordinal));
    }

    // Of its own text an old Clusterfile makes more, and that must end.
    [Theory]
    [InlineData("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}")]
    [InlineData("{{ range 1000000 }}{{ range 1000000 }}x{{ end }}{{ end }}")]
    [InlineData("{{ $x := \"aaaaaaaaaaaaaaaa\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}{{ $x }}")]
    [InlineData("{{ range 5000000 }}\n{{ end }}")]
    public void An_old_clusterfile_that_grows_without_end_is_not_filled_in(string bomb)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = Clusterfile.Read($"# {bomb}\n" + ClusterfileReadTests.Small.Replace("sealer.io/v2", "sealer.cloud/v2", StringComparison.Ordinal));

        Assert.NotEmpty(result.Diagnostics);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4L << 30);
    }

    [Fact]
    public void Ten_thousand_hosts_take_memory_in_proportion()
    {
        var text = new StringBuilder("kind: Cluster\nmetadata: { name: big }\nspec:\n  hosts:\n  - { ips: [ 10.0.0.1 ], roles: [ master ] }\n");
        for (var i = 0; i < 10_000; i++)
            text.Append($"  - ips: [ 10.{1 + (i / 65536)}.{i / 256 % 256}.{i % 256} ]\n    roles: [ node ]\n    ssh: {{ user: u{i}, passwd: p{i} }}\n    env: [ A={i} ]\n");

        var file = text.ToString();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var spec = Clusterfile.Read(file).GetSpec();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(10_001, spec.Hosts.Count);
        // All that is ever asked for, most of it for a moment; it grows with the file.
        Assert.InRange(allocated, 0, 200L << 20);
    }

    [Fact]
    public void No_text_of_random_pieces_makes_reading_throw()
    {
        string[] pieces = ["kind: ", "Cluster", "\n", "  ", "- ", "spec:", "hosts:", "[", "]", "{", "}", "*a", "&a ", "!t ", "|", ">", "'", "\"", ": ", "---\n", "\t", "<<: ", "?", "10.0.0.2", "ips:", "ssh:", "passwd:", "env:", "metadata:", "name:", "#", "%", "Plugin", "\0", "\uFEFF", "\uD800", "Config", "data: ", "ClusterConfiguration"];
        var random = new Random(7);
        for (var i = 0; i < 3_000; i++)
            Clusterfile.Read(string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => pieces[random.Next(pieces.Length)])));
    }
}
