using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Planning;

namespace Sealer.Tests.Planning;

public sealed class HostAliasLinesTests
{
    private static readonly HostAlias[] Aliases = [new(IPAddress.Parse("10.0.0.9"), ["registry.example.com", "cache"])];

    [Theory]
    [InlineData("127.0.0.1 localhost\n", "127.0.0.1 localhost\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    [InlineData("127.0.0.1 localhost", "127.0.0.1 localhost\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    [InlineData("", "10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    // What another address has of our names it loses, and keeps the rest.
    [InlineData("10.0.0.8 other cache # mine\n", "10.0.0.8 other # mine\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    [InlineData("10.0.0.8 Cache\n", "10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    [InlineData("fd00::1 cache\n", "fd00::1 cache\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    // Our old lines go; those of another cluster, of sealer and of the user stay.
    [InlineData("10.0.0.7 old #hostalias-set-by-sealer skyline\n1.1.1.1 a #hostalias-set-by-sealer\n1.1.1.2 b #hostalias-set-by-sealer other\n",
        "1.1.1.1 a #hostalias-set-by-sealer\n1.1.1.2 b #hostalias-set-by-sealer other\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    // What was given by hand and is in the Clusterfile since stands there once.
    [InlineData("10.0.0.9 cache mine #hostalias-set-by-sealer\n10.0.0.9 registry.example.com #hostalias-set-by-sealer\n10.0.0.9 cache # mine\n",
        "10.0.0.9 mine #hostalias-set-by-sealer\n10.0.0.9 cache # mine\n10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n")]
    public void A_file_becomes_what_it_shall_be_and_then_stays(string before, string after)
    {
        Assert.Equal(after, HostAliasLines.Apply(before, "skyline", Aliases));
        Assert.Equal(after, HostAliasLines.Apply(after, "skyline", Aliases));
    }

    [Fact]
    public void Where_the_lines_stand_does_not_matter()
    {
        const string text = "10.0.0.9 registry.example.com cache #hostalias-set-by-sealer skyline\n127.0.0.1 localhost\n\n# the end";
        Assert.Equal(text, HostAliasLines.Apply(text, "skyline", Aliases));
    }

    [Fact]
    public void Without_aliases_nothing_is_written_and_old_lines_go()
    {
        Assert.Equal("a b", HostAliasLines.Apply("a b", "skyline", []));
        Assert.Equal("1.2.3.4 b\n", HostAliasLines.Apply("1.2.3.4 b\n10.0.0.7 old #hostalias-set-by-sealer skyline\n", "skyline", []));
    }
}
