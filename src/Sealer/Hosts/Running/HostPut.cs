namespace Sealer.Hosts.Running;

/// <summary>Writes a file with commands of a host alone.</summary>
internal static class HostPut
{
    /// <inheritdoc cref="IHost.PutAsync"/>
    /// <param name="host">Runs the commands: what it puts before each of them stands before the writing too.</param>
    /// <param name="content">Read once.</param>
    /// <param name="path">Absolute.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(IHost host, Stream content, string path, HostFileOptions options, CancellationToken cancellationToken)
    {
        var (folder, name) = Split(path);
        // Beside its final place, under a name that another of our runs takes over, so that cut ones do not pile up. A link that
        // somebody put there is removed and not followed (noclobber opens exclusively).
        var partial = ShellText.Quote($"{folder}/.{name}.sealer-partial");
        var quoted = ShellText.Quote(path);
        using var hashing = new HashingReader(content, options.Progress);
        var sent = await host.RunAsync(
            new HostCommand($"set -eC; umask 077; mkdir -p {ShellText.Quote(folder.Length == 0 ? "/" : folder)}; rm -f {partial}; cat > {partial}; sha256sum < {partial}")
            {
                Elevated = options.Elevated,
                Input = hashing,
            },
            cancellationToken).ConfigureAwait(false);
        var clean = new HostCommand($"rm -f {partial}") { Elevated = options.Elevated };
        if (!sent.Succeeded)
            await host.RunAsync(clean, cancellationToken).ConfigureAwait(false);
        sent.Require($"write {path}");
        var expected = hashing.Digest();
        if (!sent.Output.StartsWith(expected, StringComparison.Ordinal))
        {
            await host.RunAsync(clean, cancellationToken).ConfigureAwait(false);
            throw new SealerException(
                "HostFileDamaged", ErrorKind.InvalidContent,
                $"{host.Name} has something else than what was sent for {path}. Look at its disk, and send it again.", host.Name);
        }

        var placed = await host.RunAsync(
            new HostCommand($"if [ -d {quoted} ]; then echo 'it is a folder' >&2; exit 1; fi; chmod {ShellText.Octal(options.Mode)} {partial} && mv -f {partial} {quoted}") { Elevated = options.Elevated },
            cancellationToken).ConfigureAwait(false);
        placed.Require($"put {path} in its place");
    }

    /// <exception cref="ArgumentException">It is no absolute path of a file.</exception>
    public static (string Folder, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        if (!path.StartsWith('/') || slash == path.Length - 1 || path.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"'{path}' is no absolute path of a file.", nameof(path));
        return (path[..slash], path[(slash + 1)..]);
    }
}
