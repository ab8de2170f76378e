using Sealer.Kubefiles;

namespace Sealer.Tests.Kubefiles;

public sealed class IgnoreFileTests
{
    // Patterns, LF written as |, and a path.
    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a/b/c", true)]
    [InlineData("a", "ab", false)]
    [InlineData("a", "b/a", false)]
    [InlineData("/a", "a", true)]
    [InlineData("./a/", "a/b", true)]
    [InlineData("x/../a", "a", true)]
    [InlineData("*.md", "x.md", true)]
    [InlineData("*.md", "d/x.md", false)]
    [InlineData("**/*.md", "d/e/x.md", true)]
    [InlineData("**/*.md", "x.md", true)]
    [InlineData("**", "x/y", true)]
    [InlineData("d/**", "d/e/f", true)]
    [InlineData("d/**/f", "d/f", true)]
    [InlineData("d/**/f", "d/a/b/f", true)]
    [InlineData("?.txt", "a.txt", true)]
    [InlineData("?.txt", "ab.txt", false)]
    [InlineData("[a-c].txt", "b.txt", true)]
    [InlineData("[^a-c].txt", "b.txt", false)]
    [InlineData("[^a-c].txt", "d.txt", true)]
    [InlineData("\\*.txt", "*.txt", true)]
    [InlineData("\\*.txt", "a.txt", false)]
    [InlineData("*.md|!README.md", "README.md", false)]
    [InlineData("*.md|!README.md|README*", "README.md", true)]
    [InlineData("d|!d/keep", "d/keep", false)]
    [InlineData("d|!d/keep", "d/other", true)]
    [InlineData("*|!d/**", "d/x", false)]
    [InlineData("# a|b", "a", false)]
    [InlineData("  b  ", "b", true)]
    [InlineData("!b", "b", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("", "a", false)]
    [InlineData("*", ".hidden", true)]
    public void Patterns_match_as_in_docker(string patterns, string path, bool ignored) =>
        Assert.Equal(ignored, IgnoreFile.Parse(patterns.Replace('|', '\n'), ".dockerignore").Ignores(path));

    [Theory]
    [InlineData("ok|[a", ".dockerignore:2:1 '[a' is not a pattern.")]
    [InlineData("!", ".dockerignore:1:1 '!' is not a pattern.")]
    [InlineData("a\\", ".dockerignore:1:1 'a\\' is not a pattern.")]
    public void A_broken_pattern_is_told_with_its_line(string patterns, string start)
    {
        var error = Assert.Throws<SealerException>(() => IgnoreFile.Parse(patterns.Replace('|', '\n'), ".dockerignore"));
        Assert.Equal("InvalidIgnoreFile", error.Id);
        Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_of_the_kubefile_comes_first_then_containerignore_then_dockerignore()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-test-");
        try
        {
            var kubefile = Path.Combine(folder.FullName, "Kubefile");
            Assert.Null(IgnoreFile.Find(folder.FullName, kubefile).Name);
            foreach (var name in new[] { ".dockerignore", ".containerignore", "Kubefile.dockerignore", "Kubefile.containerignore" })
            {
                File.WriteAllText(Path.Combine(folder.FullName, name), "x");
                Assert.Equal(name, IgnoreFile.Find(folder.FullName, kubefile).Name);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_hostile_pattern_ends_soon() =>
        Assert.False(IgnoreFile.Parse(string.Concat(Enumerable.Repeat("**/*a*", 12)) + "b", "x").Ignores(string.Concat(Enumerable.Repeat("aaaa/", 200)) + "c"));
}
