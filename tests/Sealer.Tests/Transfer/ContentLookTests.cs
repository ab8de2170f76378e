using Sealer.Hosts;
using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

public sealed class ContentLookTests
{
    [Fact]
    public async Task An_answer_without_an_end_is_not_kept()
    {
        await using var host = new Endless();
        var set = ContentSet.Of([]);
        var found = Assert.Single(await ContentTransfer.InspectAsync(new ContentJob(set), [new ContentTarget(host, "/srv/one/rootfs")]));
        Assert.Equal("ContentNotInspected", found.Error?.Id);
    }

    /// <summary>Packed bytes of nothing, for ever.</summary>
    private sealed class Endless : IHost
    {
        public string Name => "endless";

        public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < 4000; i++)
                await command.Output!.WriteAsync(new byte[64 << 10], cancellationToken);
            throw new InvalidOperationException("All of it was taken.");
        }

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
