using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>A host whose way there is said wrongly: everything fails with what is wrong, and other hosts are not touched by it.</summary>
internal sealed class HostWithoutWay(string name, SealerException error) : IHost
{
    public string Name { get; } = name;

    public Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default) => Task.FromException<HostCommandResult>(Error());

    public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => Task.FromException(Error());

    public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => Task.FromException(Error());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private SealerException Error() => new(error.Id, error.Kind, error.Message, Name, error);
}
