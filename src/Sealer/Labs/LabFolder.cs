using Sealer.Images.Layers;

namespace Sealer.Labs;

/// <summary>The folder of all labs of a home: one in it each, a lock beside each, and the trees they share.</summary>
/// <param name="home">The home.</param>
internal sealed class LabFolder(SealerHome home)
{
    /// <summary>Names the folder of the trees, for those that have several homes, or keep it from one run of a pipeline to the next.</summary>
    public const string CacheVariable = "SEALER_LAB_CACHE";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public string Path { get; } = home.Labs;

    /// <summary>Below the home, where no lab is called so as a name holds no dot; or where the variable says.</summary>
    public LabTree Trees => new(Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } cache
        ? System.IO.Path.GetFullPath(cache)
        : System.IO.Path.Combine(Path, ".trees"));

    public string Of(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The names of what is there, half made or not.</summary>
    public IReadOnlyList<string> Names() => Directory.Exists(Path)
        ? [.. Directory.GetDirectories(Path).Select(folder => System.IO.Path.GetFileName(folder)).Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>True where a process makes, changes or removes the lab right now.</summary>
    public bool IsBusy(string name)
    {
        if (!File.Exists(LockOf(name)))
            return false;
        using var @lock = FileLock.TryTake(LockOf(name), exclusive: false);
        return @lock is null;
    }

    /// <summary>Takes the lab for this process alone.</summary>
    /// <exception cref="SealerException"><c>LabBusy</c>.</exception>
    public async Task<FileStream> LockAsync(string name, CancellationToken cancellationToken) =>
        await FileLock.TakeAsync(LockOf(name), exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
        ?? throw new SealerException("LabBusy", ErrorKind.Conflict, $"Another process is making or removing the lab '{name}'. Try again when it is done.", name);

    /// <summary>Takes the lab for this process alone, or returns null.</summary>
    public FileStream? TryLock(string name) => FileLock.TryTake(LockOf(name), exclusive: true);

    /// <summary>Removes the folder and the lock, which the caller holds.</summary>
    public void Delete(string name)
    {
        FolderRemoval.Delete(Of(name));
        File.Delete(LockOf(name));
    }

    private string LockOf(string name) => System.IO.Path.Combine(Path, $".{name}.lock");
}
