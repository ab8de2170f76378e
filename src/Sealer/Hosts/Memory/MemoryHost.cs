using System.Collections.Concurrent;

namespace Sealer.Hosts.Memory;

/// <summary>A host that is none: files in memory, and answers that somebody wrote. For tests and rehearsals.</summary>
/// <param name="name">How it is called.</param>
/// <param name="answer">What comes of a command; null for one that succeeds and says nothing.</param>
public sealed class MemoryHost(string name, Func<HostCommand, HostCommandResult?>? answer = null) : IHost
{
    private readonly ConcurrentQueue<HostCommand> _commands = new();

    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <summary>Its files by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What it was told to run so far, in order.</summary>
    public IReadOnlyList<HostCommand> Commands => [.. _commands];

    /// <inheritdoc/>
    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _commands.Enqueue(command);
        if (command.Input is not null)
            await command.Input.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
        var result = answer?.Invoke(command) ?? new HostCommandResult(Name, 0, "", "", false);
        foreach (var line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            command.Lines?.Report(new HostOutputLine(Name, HostText.Shown(line), IsError: false));
        if (command.Output is null)
            return result;
        await command.Output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(result.Output), cancellationToken).ConfigureAwait(false);
        return result with { Output = "" };
    }

    /// <inheritdoc/>
    public async Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var file = new MemoryStream();
        await content.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
        options?.Progress?.Report(file.Length);
        Files[path] = file.ToArray();
    }

    /// <inheritdoc/>
    public async Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (!Files.TryGetValue(path, out var file))
            new HostCommandResult(Name, 1, "", $"cat: {path}: No such file or directory", false).Require($"read {path}");
        await target.WriteAsync(file, cancellationToken).ConfigureAwait(false);
        options?.Progress?.Report(file!.Length);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
