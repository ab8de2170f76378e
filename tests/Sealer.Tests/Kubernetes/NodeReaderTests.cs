using Sealer.Kubernetes;

namespace Sealer.Tests.Kubernetes;

/// <summary>Nodes as an API tells them, or whoever stands in its place.</summary>
public sealed class NodeReaderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("[]")]
    [InlineData("{\"items\": {}}")]
    [InlineData("{\"items\": [{\"spec\": {\"unschedulable\": \"perhaps\"}}]}")]
    [InlineData("{\"items\": [{\"metadata\": \"x\"}]}")]
    public void What_is_no_list_of_nodes_is_refused(string json) =>
        Assert.Equal("NodesNotReadable", Assert.Throws<SealerException>(() => NodeReader.Read("sky", json)).Id);

    [Fact]
    public void Of_no_nodes_there_are_none() => Assert.Empty(NodeReader.Read("sky", "{\"items\": []}"));
}
