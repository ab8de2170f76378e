using Sealer.Kubefiles;
using Sealer.Kubefiles.Instructions;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Kubefiles;

/// <summary>The same text read by Debian's buildah and by us.</summary>
[Trait("Tier", "parts")]
public sealed class BuildahComparisonTests : IDisposable
{
    private readonly Buildah _buildah = new();
    private readonly string _context = Directory.CreateTempSubdirectory("sealer-test-").FullName;

    public void Dispose()
    {
        _buildah.Dispose();
        Directory.Delete(_context, recursive: true);
    }

    // Lines below FROM scratch, LF written as |.
    [Theory]
    [InlineData("ENV a=1 b=2")]
    [InlineData("ENV a=\"x y\" b='p q' c=p\\ q")]
    [InlineData("ENV a the rest  of it")]
    [InlineData("ENV a \"the rest\"  of 'it'")]
    [InlineData("ENV a=")]
    [InlineData("ENV a=b=c d==e")]
    [InlineData("ENV a=\\$x b='$x' c=\"\\$x\"")]
    [InlineData("ENV a=\"\\\"\" b=\"\\n\" c=\\n d='\\n'")]
    [InlineData("ENV a=$(x) b=x$ c=$$ d=$-")]
    [InlineData("ENV a=\"$\" b='\"' c=\"'\"")]
    [InlineData("ENV a=1|ENV a=2 b=$a|ENV c=${a}$b")]
    [InlineData("ENV set=value empty=|ENV a=${set:-d} b=${empty:-d} c=${unset:-d} d=${set:+a} e=${empty:+a} f=${unset:+a}")]
    [InlineData("ENV set=value|ENV a=${unset:-${set}/x} b=${unset:-'q r'} c=x${set}y$set-z")]
    [InlineData("ARG x=1|ENV a=$x|ARG y|ENV b=x${y}y")]
    [InlineData("ARG x=1|ENV x=2|ENV a=$x|ARG x=3|ENV b=$x")]
    [InlineData("ARG x=\"with blank\"|ENV a=$x b=\"$x\"")]
    [InlineData("LABEL a=1 b=\"x y\" \"c d\"=e")]
    [InlineData("LABEL a the rest")]
    [InlineData("ENV v=1|LABEL a=$v b='$v' $v=c")]
    [InlineData("ENV a=1 \\|    b=2 \\|# comment|  # comment|    c=3")]
    [InlineData("env a=1|Label b=2|   ENV c=3   ")]
    [InlineData("ENV a=\"x\\|y\"")]
    [InlineData("ENV a=1\t b=2")]
    [InlineData("ENV a=ü b=\"日本\"")]
    public void Settings_are_read_as_buildah_reads_them(string lines)
    {
        var text = "FROM scratch\n" + lines.Replace('|', '\n') + "\n";
        File.WriteAllText(Path.Combine(_context, "Dockerfile"), text);
        var theirs = _buildah.Build(_context).Config.Settings!;
        var ours = Kubefile.Parse(text);
        Assert.False(ours.HasErrors);
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in ours.Instructions.OfType<EnvInstruction>().SelectMany(e => e.Variables))
            environment[name] = value;
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in ours.Instructions.OfType<LabelInstruction>().SelectMany(e => e.Labels))
            labels[name] = value;
        Assert.Equal(
            theirs.Env!.Where(e => !e.StartsWith("PATH=", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            environment.Select(e => $"{e.Key}={e.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(
            theirs.Labels!.Where(l => l.Key != "io.buildah.version").OrderBy(l => l.Key, StringComparer.Ordinal),
            labels);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("/a")]
    [InlineData("a/|!a/b")]
    [InlineData("*")]
    [InlineData("*|!a")]
    [InlineData("*|!a/b/y.md")]
    [InlineData("*.md")]
    [InlineData("**/*.md")]
    [InlineData("a/**")]
    [InlineData("a/**/y.md")]
    [InlineData("**/b")]
    [InlineData("?.txt")]
    [InlineData("[d-f].txt")]
    [InlineData("[^d-f].txt")]
    [InlineData("**/*.md|!a/x.md|a/b")]
    [InlineData("# a|x.md")]
    [InlineData("./a/../d.txt")]
    [InlineData(".hidden")]
    [InlineData("*/*.md")]
    [InlineData("a/b|!a/b|a/b/y.md")]
    public void Files_are_ignored_as_buildah_ignores_them(string patterns)
    {
        string[] files = ["a/x.md", "a/b/y.md", "a/b/y.txt", "a/c/b", "x.md", "d.txt", "g.txt", ".hidden", "b"];
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.Combine(_context, "in", Path.GetDirectoryName(file)!));
            File.WriteAllText(Path.Combine(_context, "in", file), "");
        }

        File.WriteAllText(Path.Combine(_context, "Dockerfile"), "FROM scratch\nCOPY . /\n");
        var text = patterns.Replace('|', '\n') + "\n.dockerignore\n";
        File.WriteAllText(Path.Combine(_context, "in/.dockerignore"), text);
        var theirs = _buildah.Build(Path.Combine(_context, "in"), "-f", Path.Combine(_context, "Dockerfile")).Files();
        var ignore = IgnoreFile.Parse(text, ".dockerignore");
        Assert.Equal(
            theirs.Where(f => !f.Value.EndsWith("folder", StringComparison.Ordinal)).Select(f => f.Key),
            files.Where(f => !ignore.Ignores(f)).Order(StringComparer.Ordinal));
    }
}
