using Sealer.Images;
using Sealer.Kubefiles;

namespace Sealer.Tests.Kubefiles;

public sealed class KubefileDiagnosticTests
{
    // The file, LF written as |, and every line that is reported.
    [Theory]
    [InlineData("", "Kubefile:1:1 there is no FROM; begin with 'FROM scratch' or 'FROM <image>'")]
    [InlineData("COPPY a b", "Kubefile:1:1 'COPPY' is not an instruction; did you mean 'COPY'?",
        "Kubefile:1:1 there is no FROM; begin with 'FROM scratch' or 'FROM <image>'")]
    [InlineData("FROM scratch|NONSENSE x", "Kubefile:2:1 'NONSENSE' is not an instruction")]
    [InlineData("FROM scratch|rnu x", "Kubefile:2:1 'rnu' is not an instruction; did you mean 'RUN'?")]
    [InlineData("COPY a b|RUN x|FROM scratch", "Kubefile:1:1 COPY stands above FROM; only ARG may: move FROM from line 3 to above this one")]
    [InlineData("FORM scratch|COPY a b|RUN x", "Kubefile:1:1 'FORM' is not an instruction; did you mean 'FROM'?")]
    [InlineData("COPY a b|RUN x", "Kubefile:1:1 there is no FROM; begin with 'FROM scratch' or 'FROM <image>'")]
    [InlineData("FROM --platform linux/amd64 a", "Kubefile:1:6 --platform needs a value: --platform=...")]
    [InlineData("FROM", "Kubefile:1:1 FROM needs an image, or 'scratch' for nothing")]
    [InlineData("FROM $nothing", "Kubefile:1:6 warning: the variable 'nothing' is not defined and stands for nothing",
        "Kubefile:1:6 FROM needs an image; '$nothing' has no value")]
    [InlineData("FROM Upper/Case", "Kubefile:1:6 'Upper/Case' is not an image name: the path 'Case' must be in lower case")]
    [InlineData("FROM a b", "Kubefile:1:8 FROM takes one image; 'b' is too much")]
    [InlineData("FROM --platfrom=linux/amd64 a", "Kubefile:1:6 FROM has no flag '--platfrom'; did you mean '--platform'?")]
    [InlineData("FROM --platform=linux a",
        "Kubefile:1:6 'linux' is not a platform. Write os/architecture[/variant], for example linux/amd64 or linux/arm/v7.")]
    [InlineData("FROM scratch|FROM b", "Kubefile:2:1 only one FROM is allowed, the first one is in line 1; a cluster image has no build stages")]
    [InlineData("FROM scratch|COPY a", "Kubefile:2:1 COPY needs at least one source and a destination")]
    [InlineData("FROM scratch|COPY", "Kubefile:2:1 COPY needs at least one source and a destination")]
    [InlineData("FROM scratch|COPY --from=x a b", "Kubefile:2:6 --from is not supported in COPY: a Kubefile has one FROM; copy from the context, or build on the other image")]
    [InlineData("FROM scratch|COPY --link --parents a b", "Kubefile:2:6 --link is not supported in COPY; leave it away",
        "Kubefile:2:13 --parents is not supported in COPY; leave it away")]
    [InlineData("FROM scratch|COPY --exclude=*.md a b", "Kubefile:2:6 --exclude is not supported in COPY; write the pattern into .containerignore")]
    [InlineData("FROM scratch|COPY --chwon=1 a b", "Kubefile:2:6 COPY has no flag '--chwon'; did you mean '--chown'?")]
    [InlineData("FROM scratch|COPY --chmod=u+x a b", "Kubefile:2:6 'u+x' is not a mode; write octal digits, for example --chmod=0755")]
    [InlineData("FROM scratch|COPY --chmod a b", "Kubefile:2:6 --chmod needs a value: --chmod=...")]
    [InlineData("FROM scratch|COPY --chmod=1 --chmod=2 a b", "Kubefile:2:16 --chmod is given twice")]
    [InlineData("FROM scratch|COPY https://x.y/z b", "Kubefile:2:6 COPY takes files of the context; write ADD https://x.y/z ... to download")]
    [InlineData("FROM scratch|COPY [\"a\", 1] b", "Kubefile:2:6 warning: this looks like the JSON form and is not valid JSON; it is taken as words")]
    [InlineData("FROM scratch|COPY [\"a\", 1]", "Kubefile:2:6 the JSON form of COPY takes strings only")]
    [InlineData("FROM scratch|COPY \"a b\" c", "Kubefile:2:6 a name with blanks needs the JSON form: COPY [\"source name\", \"destination\"]")]
    [InlineData("FROM scratch|ADD [\"a b\", c]", "Kubefile:2:5 this looks like the JSON form and is not valid JSON: ADD [\"source\", \"destination\"]")]
    [InlineData("FROM scratch|COPY a ../../x", "Kubefile:2:8 the destination '../../x' leads out of the rootfs")]
    [InlineData("FROM scratch|COPY a /x/../..", "Kubefile:2:8 the destination '/x/../..' leads out of the rootfs")]
    [InlineData("FROM scratch|COPY <<END a|x", "Kubefile:2:6 the heredoc '<<END' has no end: no line is 'END' and nothing else")]
    [InlineData("FROM scratch|ADD https://x.y/z.git b", "Kubefile:2:5 ADD of a Git repository is not supported; clone it into the context first")]
    [InlineData("FROM scratch|ADD --keep-git-dir=true a b", "Kubefile:2:5 --keep-git-dir is not supported in ADD; leave it away")]
    [InlineData("FROM scratch|ADD --checksum=md5:1 https://x.y/z b", "Kubefile:2:5 'md5:1' is not a checksum; write --checksum=sha256:<64 hexadecimal digits>")]
    [InlineData("FROM scratch|ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 a b",
        "Kubefile:2:5 --checksum needs exactly one source, and that a http(s) address")]
    [InlineData("FROM scratch|ARG", "Kubefile:2:1 ARG needs a name: ARG NAME or ARG NAME=default")]
    [InlineData("FROM scratch|ARG a-b=1", "Kubefile:2:5 'a-b' is not the name of a variable; letters, digits and _ make one")]
    [InlineData("FROM scratch|ENV A", "Kubefile:2:5 ENV needs a value for 'A': A=...")]
    [InlineData("FROM scratch|ENV A=1 B", "Kubefile:2:9 'B' has no '='; write name=value, and values with blanks in quotes")]
    [InlineData("FROM scratch|ENV A=\"1", "Kubefile:2:7 the quote \" is not closed; close it, or write \\\" where a quote is meant")]
    [InlineData("FROM scratch|LABEL x=y A = 1 b =2", "Kubefile:2:11 no blank may stand beside the '=' of 'A'; write A=value",
        "Kubefile:2:17 no blank may stand beside the '=' of 'b'; write b=value")]
    [InlineData("FROM scratch|ENV =1", "Kubefile:2:5 there is no name in front of the '=' of '=1'")]
    [InlineData("FROM scratch|LABEL", "Kubefile:2:1 LABEL needs at least one name=value")]
    [InlineData("FROM scratch|MAINTAINER", "Kubefile:2:1 MAINTAINER needs a name")]
    [InlineData("FROM scratch|RUN", "Kubefile:2:1 RUN needs a command")]
    [InlineData("FROM scratch|RUN []", "Kubefile:2:5 RUN needs a command")]
    [InlineData("FROM scratch|RUN [1]", "Kubefile:2:5 the JSON form of RUN takes strings only")]
    [InlineData("FROM scratch|RUN [\"a\", 'b']", "Kubefile:2:5 warning: this looks like the JSON form and is not valid JSON; it is run as shell text")]
    [InlineData("FROM scratch|RUN --mount=type=cache,target=/x y",
        "Kubefile:2:5 --mount is not supported in RUN; COPY what the command needs, and remove it in the same command")]
    [InlineData("FROM scratch|RUN --network=hots y", "Kubefile:2:5 'hots' is not a network; did you mean 'host'?; there are default, none and host")]
    [InlineData("FROM scratch|APP", "Kubefile:2:1 APP needs a name and at least one source: APP NAME local://path")]
    [InlineData("FROM scratch|APP local://x", "Kubefile:2:5 APP needs a name in front of its sources: APP NAME local://x")]
    [InlineData("FROM scratch|APP x", "Kubefile:2:5 APP 'x' needs at least one source: local://path, http://... or https://...")]
    [InlineData("FROM scratch|APP x a.yaml local://b",
        "Kubefile:2:7 the source 'a.yaml' must begin with local://, http:// or https://; did you mean 'local://a.yaml'?")]
    [InlineData("FROM scratch|APP x loacl://b", "Kubefile:2:7 the source 'loacl://b' must begin with local://, http:// or https://; did you mean 'local'?")]
    [InlineData("FROM scratch|APP x local://", "Kubefile:2:7 there is no path behind local://")]
    [InlineData("FROM scratch|APP ../x local://a",
        "Kubefile:2:5 '../x' cannot be the name of an application; it names a folder: letters, digits, '.', '_' and '-', beginning with a letter or digit")]
    [InlineData("FROM scratch|APP x local://a|CNI x local://b", "Kubefile:3:5 the application 'x' is declared already, in line 2; give all its sources there")]
    [InlineData("FROM scratch|APP nginx local://a|APPENV ngnix A=1", "Kubefile:3:8 there is no application 'ngnix' above this line; did you mean 'nginx'?")]
    [InlineData("FROM scratch|APPENV a A=1", "Kubefile:2:8 there is no application 'a' above this line; no APP is declared")]
    [InlineData("FROM scratch|APP a local://a|APPENV a", "Kubefile:3:1 APPENV needs at least one name=value")]
    [InlineData("FROM scratch|APP a local://a|APPENV a A B", "Kubefile:3:10 'A' has no '='; write name=value, and values with blanks in quotes",
        "Kubefile:3:12 'B' has no '='; write name=value, and values with blanks in quotes")]
    [InlineData("FROM scratch|APPENV", "Kubefile:2:1 APPENV needs an application and at least one name=value")]
    [InlineData("FROM scratch|APP a local://a|APPCMDS a kubectl get pods",
        "Kubefile:3:11 the commands of APPCMDS are a JSON array of strings in double quotes: APPCMDS a [\"command\", ...]")]
    [InlineData("FROM scratch|APP a local://a|APPCMDS a", "Kubefile:3:1 the commands of APPCMDS are a JSON array of strings in double quotes: APPCMDS a [\"command\", ...]")]
    [InlineData("FROM scratch|APPCMDS", "Kubefile:2:1 APPCMDS needs an application and its commands: APPCMDS NAME [\"command\", ...]")]
    [InlineData("FROM scratch|KUBEVERSION", "Kubefile:2:1 KUBEVERSION needs the versions that the image is for, for example 1.22-1.24")]
    [InlineData("FROM scratch|APP redis local://a|LAUNCH [\"reddis\"]", "Kubefile:3:8 there is no application 'reddis' above this line; did you mean 'redis'?")]
    [InlineData("FROM scratch|APP a local://a|APP b local://b|LAUNCH xyz", "Kubefile:4:8 there is no application 'xyz' above this line; there are a, b")]
    [InlineData("FROM scratch|LAUNCH", "Kubefile:2:1 LAUNCH needs the names of applications: LAUNCH NAME... or LAUNCH [\"NAME\", ...]")]
    [InlineData("FROM scratch|APP a local://a|LAUNCH [a]", "Kubefile:3:8 this is not a JSON array; strings stand in double quotes: LAUNCH [\"...\", \"...\"]")]
    [InlineData("FROM scratch|APP a local://a|LAUNCH a|LAUNCH a", "Kubefile:4:1 only one LAUNCH is allowed; the first one is in line 3")]
    [InlineData("FROM scratch|APP a local://a|LAUNCH a|COPY a b", "Kubefile:3:1 LAUNCH must be the last instruction; move it below line 4")]
    [InlineData("FROM scratch|APP a local://a|LAUNCH a|COPY a b|COPY c d|LABEL \\| a=b", "Kubefile:3:1 LAUNCH must be the last instruction; move it below line 7")]
    [InlineData("FROM scratch|CMDS a|CMDS b", "Kubefile:3:1 only one CMDS is allowed; the first one is in line 2")]
    [InlineData("FROM scratch|CMDS a|ENV a=b", "Kubefile:2:1 CMDS must be the last instruction; move it below line 3")]
    [InlineData("FROM scratch|APP a local://a|LAUNCH a|CMDS b", "Kubefile:4:1 LAUNCH and CMDS exclude each other; the LAUNCH is in line 3")]
    [InlineData("FROM scratch|APP a local://a|CMD b|LAUNCH a", "Kubefile:3:1 warning: CMD is deprecated; write CMDS [\"command\", ...] as the last instruction",
        "Kubefile:4:1 LAUNCH and CMD exclude each other; the CMD is in line 3")]
    [InlineData("FROM scratch|CMDS", "Kubefile:2:1 CMDS needs at least one command: CMDS [\"command\", ...]")]
    [InlineData("FROM scratch|CMDS [1]", "Kubefile:2:6 the JSON form of CMDS takes strings only")]
    [InlineData("FROM scratch|CMDS ['a']", "Kubefile:2:6 this is not a JSON array; strings stand in double quotes: CMDS [\"...\", \"...\"]")]
    [InlineData("FROM scratch|WORKDIR /x", "Kubefile:2:1 WORKDIR has no meaning in a cluster image: paths are relative to the rootfs and commands start there; write 'cd DIR && ...' in the command")]
    [InlineData("FROM scratch|ENTRYPOINT x", "Kubefile:2:1 ENTRYPOINT has no meaning in a cluster image: say with LAUNCH or CMDS what is started on the cluster")]
    [InlineData("FROM scratch|EXPOSE 1", "Kubefile:2:1 EXPOSE has no meaning in a cluster image: ports belong to the manifests of an APP")]
    [InlineData("FROM scratch|USER x", "Kubefile:2:1 USER has no meaning in a cluster image: RUN is always root of its container; set owners with COPY --chown")]
    [InlineData("FROM scratch|VOLUME x", "Kubefile:2:1 VOLUME has no meaning in a cluster image: storage belongs to the manifests of an APP, or to a CSI")]
    [InlineData("FROM scratch|ONBUILD x", "Kubefile:2:1 ONBUILD has no meaning in a cluster image: write the instruction in the Kubefile that builds on this image")]
    [InlineData("FROM scratch|SHELL x", "Kubefile:2:1 SHELL has no meaning in a cluster image: name the shell in the command: RUN [\"/bin/bash\", \"-c\", \"...\"]")]
    [InlineData("FROM scratch|HEALTHCHECK x", "Kubefile:2:1 HEALTHCHECK has no meaning in a cluster image: write probes in the manifests of an APP")]
    [InlineData("FROM scratch|STOPSIGNAL x", "Kubefile:2:1 STOPSIGNAL has no meaning in a cluster image: signals belong to the manifests of an APP")]
    [InlineData("# escape=x|FROM scratch", "Kubefile:1:3 'x' cannot be the escape character; it is \\ or `")]
    [InlineData("# escape=`|# escape=`|FROM scratch", "Kubefile:2:3 the directive 'escape' stands here twice; keep one")]
    [InlineData("FROM scratch|RUN a \\||  b", "Kubefile:3:1 warning: an empty line inside a continued instruction; remove it, or the instruction's last continuation")]
    [InlineData("FROM scratch|ENV A=${x", "Kubefile:2:7 '${' is not closed by '}'")]
    [InlineData("FROM scratch|ENV A=\"${x:?say it}\"", "Kubefile:2:8 the variable 'x' is not set: say it")]
    [InlineData("FROM scratch|ENV A=${x?}", "Kubefile:2:7 the variable 'x' is not set: it must have a value")]
    [InlineData("FROM scratch|ENV A=${x%y}",
        "Kubefile:2:7 '${x%' is no substitution; there are ${x}, ${x:-default}, ${x-default}, ${x:+other}, ${x+other}, ${x:?message}")]
    [InlineData("FROM scratch|ENV A=${}", "Kubefile:2:7 '${' wants the name of a variable")]
    [InlineData("FROM scratch|ARG VERSION=1|ENV A=$VERSOIN", "Kubefile:3:7 warning: the variable 'VERSOIN' is not defined and stands for nothing; did you mean 'VERSION'?")]
    [InlineData("ARG V=1|FROM scratch|ENV A=$V", "Kubefile:3:7 warning: the argument 'V' is declared above FROM and not seen here; repeat 'ARG V' below FROM")]
    [InlineData("FROM scratch|ARG V|ENV A=$V", "Kubefile:3:7 warning: the argument 'V' has no value; give it a default, or a value with -BuildArgument V=...")]
    [InlineData("FROM scratch|COPY $nothing b", "Kubefile:2:6 warning: the variable 'nothing' is not defined and stands for nothing",
        "Kubefile:2:6 the source '$nothing' has no value")]
    [InlineData("FROM scratch|COPY a $nothing", "Kubefile:2:8 warning: the variable 'nothing' is not defined and stands for nothing",
        "Kubefile:2:8 the destination '$nothing' has no value; write . for the rootfs itself")]
    [InlineData("FROM scratch|COPY charts", "Kubefile:2:6 warning: COPY has no destination; taken as 'COPY charts charts'")]
    [InlineData("FROM scratch|CMD a x, b y", "Kubefile:2:1 warning: CMD is deprecated; write CMDS [\"command\", ...] as the last instruction",
        "Kubefile:2:1 warning: the commas end commands here, as in sealer 0.3 to 0.8: 2 commands; write CMDS [\"...\", \"...\"] to be plain")]
    public void Every_mistake_is_told_with_its_place(string file, params string[] expected) =>
        Assert.Equal(expected, Kubefile.Parse(file.Replace('|', '\n')).Diagnostics.Select(d => d.ToString()));

    [Fact]
    public void All_mistakes_of_a_file_are_told_in_one_pass()
    {
        var result = Kubefile.Parse(
            """
            FROM scratch
            COPPY rootfs .
            APP nginx app.yaml
              ENV PORT
            # a comment
            RUN echo \
                ${unclosed
            LABEL a=1 \
                  b
            APPENV ngnix X=1
            LAUNCH nginx
            KUBEVERSION 1.22
            """);
        Assert.Equal(
            ["2:1", "3:11", "4:7", "9:7", "10:8", "11:1"],
            result.Diagnostics.Select(d => d.Span.ToString()));
        Assert.True(result.HasErrors);
        var error = Assert.Throws<SealerException>(result.ThrowIfInvalid);
        Assert.Equal("InvalidKubefile", error.Id);
        Assert.Equal(6, error.Message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void A_build_argument_that_nothing_asks_for_is_told()
    {
        var options = new KubefileParseOptions
        {
            FileName = "sub/Kubefile",
            BuildArguments = new Dictionary<string, string> { ["VERSOIN"] = "2", ["HTTP_PROXY"] = "http://p" },
        };
        Assert.Equal(
            ["sub/Kubefile:1:1 warning: the build argument 'VERSOIN' is not declared by any ARG; did you mean 'VERSION'?"],
            Kubefile.Parse("FROM scratch\nARG VERSION=1", options).Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void Applications_and_variables_of_an_unknown_base_are_taken_to_be_there()
    {
        const string file = "FROM base:v1\nCOPY $DIR/x ${MUST:?} .\nAPPENV theirs A=1\nLAUNCH theirs";
        Assert.DoesNotContain(Kubefile.Parse(file).Diagnostics, d => d.Message.Contains("theirs", StringComparison.Ordinal) || d.Message.Contains("not set", StringComparison.Ordinal));
        var known = new KubefileParseOptions
        {
            BaseApplications = ["there"],
            BaseEnvironment = new Dictionary<string, string> { ["DIR"] = "d", ["MUST"] = "m" },
        };
        Assert.Equal(
            ["3:8", "4:8"],
            Kubefile.Parse(file, known).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.Span.ToString()));
        Assert.Empty(Kubefile.Parse(file, known with { BaseApplications = ["theirs"] }).Diagnostics);
    }

    // The half stands here as '?': test data is written down on its way, which would make a whole character of it.
    [Theory]
    [InlineData("COPY [\"?")]
    [InlineData("RUN [?]")]
    [InlineData("CMDS [\"?\"]")]
    public void Half_a_character_never_throws(string line) => Kubefile.Parse("FROM scratch\n" + line.Replace('?', '\ud800'));

    [Fact]
    public Task A_very_long_instruction_is_read_in_time() =>
        ReadsInTimeAsync("FROM scratch\nENV x=y" + string.Concat(Enumerable.Range(0, 400_000).Select(i => $" \\\na{i}=b")));

    [Fact]
    public Task A_comment_of_very_many_blanks_is_read_in_time() =>
        ReadsInTimeAsync("#escape=" + new string(' ', 1_000_000) + "x" + new string(' ', 1_000_000) + "x\nFROM scratch");

    private static Task ReadsInTimeAsync(string text) => Task.Run(() => Kubefile.Parse(text)).WaitAsync(TimeSpan.FromSeconds(60));

    [Fact]
    public void Variables_that_double_each_other_end_at_a_megabyte()
    {
        var text = "FROM scratch\nENV a0=" + new string('x', 1024) + "\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"ENV a{i}=$a{i - 1}$a{i - 1}\n"));
        var errors = Kubefile.Parse(text).Diagnostics;
        Assert.Equal("Kubefile:13:9 its variables make this longer than 1048576 characters", Assert.Single(errors).ToString());
    }

    [Fact]
    public void A_platform_given_as_text_that_is_none_never_throws() =>
        Assert.True(Kubefile.Parse("FROM --platform=/ x", new KubefileParseOptions { TargetPlatform = Platform.Parse("linux/arm64") }).HasErrors);
}
