namespace Sealer.Hosts;

/// <summary>One machine that work is done on. May be used from many threads at once.</summary>
public interface IHost : IAsyncDisposable
{
    /// <summary>How it is called in plans, reports and errors.</summary>
    string Name { get; }

    /// <summary>Runs a command to its end. That it fails is no error here; see <see cref="HostCommandResult.Require"/>.</summary>
    /// <exception cref="SealerException">
    /// <c>HostCommandTimedOut</c>, <c>HostUnreachable</c>, <c>HostConnectionLost</c>, <c>HostAuthenticationFailed</c>, those of
    /// host keys (<see cref="Keys.HostKeyCheck"/>), and for elevated ones <c>SudoNotFound</c>, <c>SudoPasswordRequired</c>,
    /// <c>SudoPasswordWrong</c>, <c>SudoNeedsTerminal</c>, <c>SudoRefused</c>.
    /// </exception>
    Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default);

    /// <summary>Writes a file. It appears under its name only when all of it is there and verified.</summary>
    /// <param name="content">Read once, from where it stands.</param>
    /// <param name="path">Absolute; its folder is made where it is missing.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it; nothing stands under the name then that was not there before.</param>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>, <c>HostFileDamaged</c>, and those of <see cref="RunAsync"/>.</exception>
    Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads a file.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="target">Gets its bytes.</param>
    /// <param name="options">How; its mode does not matter.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>, and those of <see cref="RunAsync"/>.</exception>
    Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default);
}
