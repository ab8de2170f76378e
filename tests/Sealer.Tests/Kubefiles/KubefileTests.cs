using Sealer.Images;
using Sealer.Kubefiles;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Tests.Kubefiles;

public sealed class KubefileTests
{
    private static readonly string[] OneCommand = ["echo $(PORT) ${ARCH} $HOME"];

    [Fact]
    public void Instructions_are_typed_and_know_their_place_and_text()
    {
        var result = Parse("\uFEFF# a comment\r\n\r\nfrom scratch\r\n  copy a \\\r\n    # inside\r\n    b \\  \r\n c/\r\n");
        var from = Assert.IsType<FromInstruction>(result.Instructions[0]);
        Assert.True(from.IsScratch);
        Assert.Equal(new SourceSpan(3, 1, 3), from.Span);
        var copy = Assert.IsType<CopyInstruction>(result.Instructions[1]);
        Assert.Equal(["a", "b"], copy.Sources.Select(s => s.Path));
        Assert.Equal(["4:8", "6:5"], copy.Sources.Select(s => s.Span.ToString()));
        Assert.Equal("c/", copy.Destination);
        Assert.Equal("COPY", copy.Keyword);
        Assert.Equal(new SourceSpan(4, 3, 7), copy.Span);
        Assert.Equal("copy a \\\n    # inside\n    b \\  \n c/", copy.Text);
    }

    [Fact]
    public void The_escape_directive_changes_continuation_and_quoting()
    {
        var result = Parse("# escape=`\nFROM scratch\nCOPY a `\n C:\\x\nENV A=`\"x`\"");
        Assert.Equal("C:\\x", Assert.IsType<CopyInstruction>(result.Instructions[1]).Destination);
        Assert.Equal("\"x\"", Assert.IsType<EnvInstruction>(result.Instructions[2]).Variables[0].Value);
    }

    [Fact]
    public void A_directive_below_a_comment_is_a_comment() =>
        Assert.Equal("a b", Run("# hello\n# escape=`\nFROM scratch\nRUN a \\\nb").Command);

    [Fact]
    public void A_doubled_escape_at_the_end_of_a_line_does_not_continue_it()
    {
        var result = Parse("FROM scratch\nRUN echo \\\\\nRUN b");
        Assert.Equal(["echo \\\\", "b"], result.Instructions.OfType<RunInstruction>().Select(r => r.Command));
    }

    [Fact]
    public void From_takes_a_platform_and_arguments_from_above_it()
    {
        var result = Kubefile.Parse(
            "ARG BASE=one\nARG TAG\nFROM --platform=$TARGETPLATFORM registry.example.com/${BASE}:${TAG:-v1} AS kube",
            new KubefileParseOptions
            {
                BuildArguments = new Dictionary<string, string> { ["BASE"] = "two=2".Replace("=2", "", StringComparison.Ordinal) },
                TargetPlatform = Platform.Parse("linux/arm64"),
            });
        Assert.False(result.HasErrors);
        Assert.Equal("registry.example.com/two:v1", result.From!.Reference!.ToString());
        Assert.Equal("linux/arm64", result.From.Platform!.ToString());
        Assert.Equal("kube", result.From.Alias);
    }

    [Fact]
    public void An_argument_above_from_is_seen_below_once_it_is_declared_again()
    {
        var result = Parse("ARG V=1\nARG W=2\nFROM scratch\nARG V\nARG W=3\nENV A=$V B=$W");
        Assert.Equal(["1", "3"], Env(result).Select(v => v.Value));
    }

    [Fact]
    public void A_build_argument_wins_over_the_default_and_may_hold_equal_signs()
    {
        var result = Kubefile.Parse(
            "FROM scratch\nARG OPTS=x\nENV A=$OPTS",
            new KubefileParseOptions { BuildArguments = new Dictionary<string, string> { ["OPTS"] = "--set a=b" } });
        Assert.Equal("--set a=b", Env(result)[0].Value);
    }

    [Fact]
    public void Env_wins_over_arg_and_sees_what_was_before_it()
    {
        var result = Parse("FROM scratch\nARG A=arg\nENV A=one\nENV A=two B=$A");
        Assert.Equal("one", Env(result, 1)[1].Value);
    }

    [Theory]
    [InlineData("linux/amd64", "amd64 amd64 linux linux/amd64 ")]
    [InlineData("linux/arm/v7", "arm arm linux linux/arm/v7 v7")]
    public void The_target_platform_is_predefined_also_under_sealers_name(string platform, string expected)
    {
        var result = Kubefile.Parse(
            "FROM scratch\nLABEL a=\"$ARCH $TARGETARCH $TARGETOS $TARGETPLATFORM $TARGETVARIANT\"",
            new KubefileParseOptions { TargetPlatform = Platform.Parse(platform) });
        Assert.Empty(result.Diagnostics);
        Assert.Equal(expected, Assert.IsType<LabelInstruction>(result.Instructions[1]).Labels[0].Value);
    }

    [Fact]
    public void A_default_of_arch_does_not_hide_the_platform_that_is_built_for()
    {
        var options = new KubefileParseOptions { TargetPlatform = Platform.Parse("linux/arm64") };
        var copy = Assert.IsType<CopyInstruction>(Kubefile.Parse("FROM scratch\nARG ARCH=amd64\nCOPY ${ARCH}/bin bin", options).Instructions[2]);
        Assert.Equal("arm64/bin", copy.Sources[0].Path);
    }

    [Theory]
    [InlineData("a=1 b=2", "a", "1", "b", "2")]
    [InlineData("a=\"x y\" b='p q'", "a", "x y", "b", "p q")]
    [InlineData("a=x\\ y", "a", "x y")]
    [InlineData("a the rest  of it", "a", "the rest  of it")]
    [InlineData("a \"quoted rest\"", "a", "quoted rest")]
    [InlineData("a=", "a", "")]
    [InlineData("a=b=c", "a", "b=c")]
    [InlineData("a=\\$x", "a", "$x")]
    [InlineData("a='$x'", "a", "$x")]
    [InlineData("a=\"\\\"\"", "a", "\"")]
    [InlineData("a=\"\\n\"", "a", "\\n")]
    [InlineData("a=$(x)", "a", "$(x)")]
    [InlineData("a=x$", "a", "x$")]
    public void Pairs_are_read_as_docker_reads_them(string text, params string[] namesAndValues)
    {
        var variables = Env(Parse("FROM scratch\nENV " + text));
        Assert.Equal(namesAndValues, variables.SelectMany(v => new[] { v.Key, v.Value }));
    }

    [Theory]
    [InlineData("$set", "value")]
    [InlineData("${set}", "value")]
    [InlineData("${set}s", "values")]
    [InlineData("${set:-d}", "value")]
    [InlineData("${empty:-d}", "d")]
    [InlineData("${empty-d}", "")]
    [InlineData("${unset-d}", "d")]
    [InlineData("${unset:-d}", "d")]
    [InlineData("${unset:-${set}/x}", "value/x")]
    [InlineData("${set:+a}", "a")]
    [InlineData("${empty:+a}", "")]
    [InlineData("${empty+a}", "a")]
    [InlineData("${unset+a}", "")]
    [InlineData("${set:?no}", "value")]
    [InlineData("${empty?no}", "")]
    [InlineData("'${set}'", "${set}")]
    [InlineData("\"${set} \"", "value ")]
    [InlineData("\\${set}", "${set}")]
    public void Variables_are_replaced_as_docker_replaces_them(string word, string expected)
    {
        var result = Parse($"FROM scratch\nENV set=value empty=\nLABEL a={word}");
        Assert.Empty(result.Diagnostics);
        Assert.Equal(expected, Assert.IsType<LabelInstruction>(result.Instructions[2]).Labels[0].Value);
    }

    [Fact]
    public void Copy_takes_flags_many_sources_and_the_json_form()
    {
        var result = Parse(
            """
            FROM scratch
            ENV D=dir
            COPY --chown=1000:100 --chmod=0750 a* $D/b? "c" dest/
            COPY ["with blank", "$D/x", "to here/"]
            ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 https://example.com/x.tgz /tmp/
            """);
        Assert.Empty(result.Diagnostics);
        var copy = Assert.IsType<CopyInstruction>(result.Instructions[2]);
        Assert.Equal(["a*", "dir/b?", "c"], copy.Sources.Select(s => s.Path));
        Assert.Equal(("dest/", "1000:100", 488), (copy.Destination, copy.Chown, copy.Chmod));
        var json = Assert.IsType<CopyInstruction>(result.Instructions[3]);
        Assert.Equal(["with blank", "dir/x"], json.Sources.Select(s => s.Path));
        Assert.Equal("to here/", json.Destination);
        var add = Assert.IsType<AddInstruction>(result.Instructions[4]);
        Assert.True(add.Sources[0].IsUrl);
        Assert.NotNull(add.Checksum);
    }

    [Fact]
    public void A_bracket_that_is_no_json_is_a_pattern_or_shell_text()
    {
        var result = Parse("FROM scratch\nCOPY [ab]* x/\nRUN [ -f x ] && y\nCMDS [ -f x ] && y");
        Assert.Empty(result.Diagnostics);
        Assert.Equal("[ab]*", Assert.IsType<CopyInstruction>(result.Instructions[1]).Sources[0].Path);
        Assert.Equal("[ -f x ] && y", Assert.IsType<RunInstruction>(result.Instructions[2]).Command);
        Assert.Equal(["[ -f x ] && y"], Assert.IsType<CmdsInstruction>(result.Instructions[3]).Commands);
    }

    [Fact]
    public void Heredocs_become_files_of_copy()
    {
        var result = Parse(
            """
            FROM scratch
            ENV PORT=80
            COPY <<a.conf <<-"b.conf" etc/
            listen $PORT \$PORT \n "quoted"
            a.conf
            	listen $PORT
            	b.conf
            ENV X=1
            """);
        Assert.Empty(result.Diagnostics);
        var copy = Assert.IsType<CopyInstruction>(result.Instructions[2]);
        Assert.Equal(["a.conf", "b.conf"], copy.Sources.Select(s => s.Path));
        Assert.Equal(["listen 80 $PORT \\n \"quoted\"\n", "listen $PORT\n"], copy.Sources.Select(s => s.Content));
        Assert.Equal(new SourceSpan(3, 1, 7), copy.Span);
        Assert.IsType<EnvInstruction>(result.Instructions[3]);
    }

    [Fact]
    public void A_heredoc_alone_is_the_script_of_run()
    {
        var run = Run("FROM scratch\nRUN <<EOF\n#!/usr/bin/env python3\n# no comment of ours\nprint($x)\nEOF\n");
        Assert.Equal("#!/usr/bin/env python3\n# no comment of ours\nprint($x)\n", run.Command);
        Assert.True(run.IsScript);
    }

    [Fact]
    public void A_heredoc_behind_a_command_is_left_to_the_shell()
    {
        var run = Run("FROM scratch\nRUN cat <<A <<B > x\n1\nA\n2\nB\n");
        Assert.Equal("cat <<A <<B > x\n1\nA\n2\nB\n", run.Command);
        Assert.False(run.IsScript);
    }

    [Fact]
    public void Run_keeps_its_text_and_sees_the_arguments_in_scope()
    {
        var options = new KubefileParseOptions { BuildArguments = new Dictionary<string, string> { ["https_proxy"] = "http://p", ["A"] = "2" } };
        var result = Kubefile.Parse("ARG OUTSIDE=1\nFROM scratch\nARG A\nARG TARGETOS\nARG NONE\nRUN --network=none echo $A ${ARCH}\nRUN [\"a\", \"b c\"]", options);
        var run = Assert.IsType<RunInstruction>(result.Instructions[5]);
        Assert.Equal("echo $A ${ARCH}", run.Command);
        Assert.Equal("none", run.Network);
        Assert.Equal(["A=2", "TARGETOS=linux", "https_proxy=http://p"], run.BuildArguments.Select(a => $"{a.Key}={a.Value}"));
        Assert.Equal(["a", "b c"], Assert.IsType<RunInstruction>(result.Instructions[6]).Arguments);
    }

    [Fact]
    public void Applications_are_declared_with_variables_in_any_case_of_letters()
    {
        var result = Kubefile.Parse(
            """
            FROM scratch
            app nginx local://apps/${ARCH}/nginx.yaml "local://with blank.yaml" https://example.com/x.yaml?y=1
            Cni calico local://cni
            csi nfs local://csi
            appenv nginx A=1 B="2 3"
            appcmds nginx   ["bash install.sh $A", "kubectl get pods"]
            launch nginx calico
            """,
            new KubefileParseOptions { TargetPlatform = Platform.Parse("linux/amd64") });
        Assert.Empty(result.Diagnostics);
        var app = Assert.IsType<AppInstruction>(result.Instructions[1]);
        Assert.Equal(["apps/amd64/nginx.yaml", "with blank.yaml", "https://example.com/x.yaml?y=1"], app.Sources.Select(s => s.Path));
        Assert.Equal([false, false, true], app.Sources.Select(s => s.IsRemote));
        Assert.Equal([AppKind.App, AppKind.Cni, AppKind.Csi], result.Instructions.OfType<AppInstruction>().Select(a => a.Kind));
        Assert.Equal("2 3", Assert.IsType<AppEnvInstruction>(result.Instructions[4]).Variables[1].Value);
        Assert.Equal(["bash install.sh $A", "kubectl get pods"], Assert.IsType<AppCmdsInstruction>(result.Instructions[5]).Commands);
        Assert.Equal(["nginx", "calico"], Assert.IsType<LaunchInstruction>(result.Instructions[6]).Names);
    }

    [Theory]
    [InlineData("CMDS [\"echo $(PORT) ${ARCH} $HOME\"]")]
    [InlineData("cmds echo $(PORT) ${ARCH} $HOME")]
    public void The_text_of_cmds_stays_as_it_is(string line) =>
        Assert.Equal(OneCommand, Assert.IsType<CmdsInstruction>(Parse("FROM scratch\n" + line).Instructions[1]).Commands);

    [Fact]
    public void Cmd_adds_up_and_understands_the_json_form()
    {
        var result = Parse("FROM scratch\nAPP a local://a\ncmd [\"a\", \"b\"]\nCMD helm install x charts/x --set a=1, --set b=2");
        Assert.False(result.HasErrors);
        Assert.Equal(
            ["a", "b", "helm install x charts/x --set a=1, --set b=2"],
            result.Instructions.OfType<CmdInstruction>().SelectMany(c => c.Commands));
    }

    [Fact]
    public void A_kubefile_of_old_sealer_means_what_it_meant()
    {
        var result = Parse(
            """
            FROM kubernetes:v1.19.8
            ARG ns=prod,release=web
            COPY charts
            COPY imageList manifests
            CMD helm install ${release} charts/web -n $ns --set a=1,b=2, kubectl get pods -n "$ns, x" $HOME
            """);
        Assert.False(result.HasErrors);
        Assert.Equal(["ns", "release"], Assert.IsType<ArgInstruction>(result.Instructions[1]).Arguments.Select(a => a.Name));
        Assert.Equal("charts", Assert.IsType<CopyInstruction>(result.Instructions[2]).Destination);
        Assert.Equal(
            ["helm install web charts/web -n prod --set a=1,b=2", "kubectl get pods -n \"prod, x\" $HOME"],
            Assert.IsType<CmdInstruction>(result.Instructions[4]).Commands);
    }

    [Fact]
    public void The_habits_of_old_sealer_end_where_a_newer_instruction_stands()
    {
        var result = Parse("FROM scratch\nENV new=1\nARG ns=prod,release=web\nCMD a, b $ns");
        Assert.Equal("prod,release=web", Assert.IsType<ArgInstruction>(result.Instructions[2]).Arguments[0].Value);
        Assert.Equal(["a, b $ns"], Assert.IsType<CmdInstruction>(result.Instructions[3]).Commands);
    }

    [GoldenFact]
    public void The_kubefile_of_the_real_sealer_is_read()
    {
        var result = Parse(File.ReadAllText(Golden.PathOf("Kubefile.cmds")));
        Assert.Empty(result.Diagnostics);
        Assert.Equal(
            ["PORT=8080", "REGION=eu west", "SINGLE=value-two"],
            result.Instructions.OfType<EnvInstruction>().SelectMany(e => e.Variables).Select(v => $"{v.Key}={v.Value}"));
        Assert.Equal(
            ["vendor=peer", "cluster.alpha.sealer.io/cluster-runtime-type=k0s", "cluster.alpha.sealer.io/cluster-runtime-version=v1.22.15"],
            Assert.Single(result.Instructions.OfType<LabelInstruction>()).Labels.Select(l => $"{l.Key}={l.Value}"));
        Assert.Equal("peer", Assert.Single(result.Instructions.OfType<MaintainerInstruction>()).Name);
        Assert.Equal("1.22-1.24", Assert.Single(result.Instructions.OfType<KubeVersionInstruction>()).Expression);
        Assert.Equal(["nginx", "calico", "alibaba-csi", "shellapp", "web"], result.Instructions.OfType<AppInstruction>().Select(a => a.Name));
        Assert.Equal(
            ["kubectl apply -f manifests/app.yaml", "echo $(PORT)"],
            Assert.Single(result.Instructions.OfType<CmdsInstruction>()).Commands);
    }

    private static KubefileParseResult Parse(string text) => Kubefile.Parse(text);

    private static RunInstruction Run(string text) => Assert.Single(Parse(text).Instructions.OfType<RunInstruction>());

    private static IReadOnlyList<KeyValuePair<string, string>> Env(KubefileParseResult result, int index = 0) =>
        result.Instructions.OfType<EnvInstruction>().ElementAt(index).Variables;
}
