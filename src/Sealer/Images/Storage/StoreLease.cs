namespace Sealer.Images.Storage;

/// <summary>
/// Held by everyone that writes to a store, from the first blob until the image is named: while one is held, by whatever
/// process, nothing is swept. Ends with the process at the latest.
/// </summary>
public sealed class StoreLease : IDisposable
{
    private readonly FileStream _lock;

    internal StoreLease(FileStream @lock) => _lock = @lock;

    /// <summary>Gives it back.</summary>
    public void Dispose() => _lock.Dispose();
}
