using Sealer.Hosts;

namespace Sealer.Delivery.Copying;

/// <summary>
/// Copies files and folders between this machine and a host. What is the same already is not sent, what was cut is taken up, every
/// file appears at once and verified. A copy whose connection breaks is taken up again by itself.
/// </summary>
public static class HostCopy
{
    /// <summary>Copies to a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="items">What.</param>
    /// <param name="destination">
    /// An absolute path there: with a slash at its end the folder to put them into; else the name that the one item shall have (a file
    /// goes into a folder that is there already; a folder is joined with it).
    /// </param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it; what is complete stays.</param>
    /// <exception cref="SealerException"><c>DestinationInvalid</c>, <c>HostFileDamaged</c>, <c>HostCommandFailed</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    public static Task<CopyResult> SendAsync(IHost host, LocalItems items, string destination, CopyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        options ??= new CopyOptions();
        RequireAbsolute(destination, "Destination");
        if (items.Items.Count > 1 && !destination.EndsWith('/'))
            throw Invalid(destination, $"Several items go into a folder: write {destination}/");
        return AgainAsync(() => new HostSend(host, items, destination, options).RunAsync(cancellationToken), options, cancellationToken);
    }

    /// <summary>Copies from a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="source">An absolute path there, of a file or a folder; where it is a link, what that leads to is copied. Links inside of a folder stay links.</param>
    /// <param name="folder">The folder here that the file goes into, or that the folder becomes.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it; what is complete stays.</param>
    /// <exception cref="SealerException">
    /// <c>DestinationInvalid</c>, <c>ItemNotFound</c>, <c>HostFileChanged</c>, <c>LinkInTheWay</c>, <c>FolderInTheWay</c>, <c>HostCommandFailed</c>, and those of
    /// <see cref="IHost.RunAsync"/>.
    /// </exception>
    public static Task<CopyResult> FetchAsync(IHost host, string source, string folder, CopyOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new CopyOptions();
        RequireAbsolute(source, "Path");
        return AgainAsync(() => new HostFetch(host, source, folder, options).RunAsync(cancellationToken), options, cancellationToken);
    }

    // Nothing here does harm when it is done twice.
    private static async Task<CopyResult> AgainAsync(Func<Task<CopyResult>> copy, CopyOptions options, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await copy().ConfigureAwait(false);
            }
            catch (SealerException error) when (error.Id == "HostConnectionLost" && attempt < options.Attempts)
            {
                await Task.Delay(TimeSpan.FromSeconds(attempt), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void RequireAbsolute(string path, string parameter)
    {
        if (!path.StartsWith('/') || path.AsSpan().ContainsAny('\0', '\n'))
            throw Invalid(path, $"Give an absolute path of the hosts as -{parameter}");
    }

    private static SealerException Invalid(string path, string next) =>
        new("DestinationInvalid", ErrorKind.InvalidInput, $"'{path}' is no place on a host. {next}.", path);
}
