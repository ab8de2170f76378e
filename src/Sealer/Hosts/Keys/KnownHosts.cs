using System.Text;
using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>
/// The keys of hosts that are known: files of ssh's format, read together. Nothing is ever written down unless
/// <see cref="EnrolAsync"/> is called. May be used from many threads.
/// </summary>
public sealed class KnownHosts
{
    private const int MaxFileSize = 64 * 1024 * 1024;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    private readonly string? _file;
    private readonly SemaphoreSlim _writing = new(1);
    private volatile IReadOnlyList<KnownHostEntry> _entries;

    private KnownHosts(string? file, IReadOnlyList<KnownHostEntry> entries) => (_file, _entries) = (file, entries);

    /// <summary>All entries, in the order they are looked at.</summary>
    public IReadOnlyList<KnownHostEntry> Entries => _entries;

    /// <summary>Reads files; those that do not exist are empty.</summary>
    /// <param name="userFiles">The user's; the first is the one that is written to.</param>
    /// <param name="globalFiles">The machine's.</param>
    /// <exception cref="SealerException"><c>KnownHostsNotReadable</c>.</exception>
    public static KnownHosts Load(IReadOnlyList<string> userFiles, IReadOnlyList<string> globalFiles) =>
        new(userFiles.Count > 0 ? userFiles[0] : null, [.. userFiles.Concat(globalFiles).SelectMany(Read)]);

    /// <summary>The entries about a host, as <c>ssh-keygen -F</c> finds them.</summary>
    public IReadOnlyList<KnownHostEntry> Find(string host, int port = 22)
    {
        var name = KnownHostEntry.NameOf(host, port);
        return [.. _entries.Where(e => e.IsAbout(name))];
    }

    /// <summary>
    /// The types of key that are known of a host, <c>-cert-v01@openssh.com</c> first where an authority is: what to ask the
    /// host for first, so that it shows a key that can be compared.
    /// </summary>
    public IReadOnlyList<string> TypesOf(string host, int port = 22)
    {
        var entries = Find(host, port);
        if (entries.Count == 0 && port != 22)
            entries = Find(host);
        var plain = entries.Where(e => e.Marker == KnownHostMarker.None).Select(e => e.Key.Type);
        return entries.Any(e => e.Marker == KnownHostMarker.Authority)
            ? ["-cert-v01@openssh.com", .. plain.Distinct()]
            : [.. plain.Distinct()];
    }

    /// <summary>What is known about a key that a host shows.</summary>
    /// <param name="host">The name that was asked for, or its HostKeyAlias.</param>
    /// <param name="port">Its port.</param>
    /// <param name="key">The host's own key, which stands in its certificate too.</param>
    /// <param name="certificate">What it showed with it, its signature verified; or null.</param>
    public HostKeyVerdict Check(string host, int port, HostKey key, HostCertificate? certificate = null)
    {
        var name = KnownHostEntry.NameOf(host, port);
        var verdict = Check(_entries, name, host.ToLowerInvariant(), key, certificate);
        // As ssh does: what is known of the host on port 22 may vouch for it on another, but not speak against it.
        if (verdict is UnknownHostKey && port != 22
            && Check(_entries, KnownHostEntry.NameOf(host, 22), host.ToLowerInvariant(), key, certificate) is var plain and (KnownHostKey or RevokedHostKey))
            return plain with { Host = name };
        return verdict;
    }

    /// <summary>Writes a host's key down, at the end of the user's first file, atomically, as 0600.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="port">Its port.</param>
    /// <param name="key">Its key, which somebody vouched for.</param>
    /// <param name="hashed">So that the file does not tell the name.</param>
    /// <param name="cancellationToken">Ends it; the file is as it was then.</param>
    /// <exception cref="SealerException"><c>KnownHostsNotWritable</c>, or <c>HostKeyChanged</c> and <c>HostKeyRevoked</c>: another
    /// process wrote of this host meanwhile.</exception>
    public async Task EnrolAsync(string host, int port, HostKey key, bool hashed = false, CancellationToken cancellationToken = default)
    {
        var file = _file ?? throw NotWritable("none", "UserKnownHostsFile is 'none'", null);
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            file = (File.Exists(file) ? File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(file);
            MakeFolder(Path.GetDirectoryName(file)!);
            await using var held = await LockAsync(file, cancellationToken).ConfigureAwait(false);
            var there = Read(file).ToList();
            var name = KnownHostEntry.NameOf(host, port);
            switch (Check(there, name, host.ToLowerInvariant(), key, null))
            {
                case KnownHostKey:
                    return;
                case var bad and (ChangedHostKey or RevokedHostKey):
                    throw HostKeyCheck.Error(bad, host);
            }

            await ReplaceAsync(file, $"{(hashed ? KnownHostEntry.HashOf(name) : name)} {key.Text}\n", cancellationToken).ConfigureAwait(false);
            _entries = [.. _entries.Where(e => e.Place.File != _file && e.Place.File != file), .. Read(file)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(file, error.Message, error);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static HostKeyVerdict Check(IReadOnlyList<KnownHostEntry> entries, string name, string host, HostKey key, HostCertificate? certificate)
    {
        KnownHostEntry? known = null, authority = null;
        var others = new List<SshConfigPlace>();
        foreach (var entry in entries)
        {
            if (!entry.IsAbout(name))
                continue;
            switch (entry.Marker)
            {
                case KnownHostMarker.Revoked when entry.Key.Equals(key) || (certificate is not null && entry.Key.Equals(certificate.Authority)):
                    return new RevokedHostKey(name, key, entry.Place);
                case KnownHostMarker.Authority when certificate is not null && entry.Key.Equals(certificate.Authority):
                    authority ??= entry;
                    break;
                case KnownHostMarker.None when entry.Key.Equals(key):
                    known ??= entry;
                    break;
                case KnownHostMarker.None:
                    others.Add(entry.Place);
                    break;
            }
        }

        if (authority is not null && IsFor(certificate!, host))
            return new KnownHostKey(name, key, authority.Place, ByAuthority: true);
        if (known is not null)
            return new KnownHostKey(name, key, known.Place, ByAuthority: false);
        return others.Count > 0 ? new ChangedHostKey(name, key, others) : new UnknownHostKey(name, key);
    }

    private static bool IsFor(HostCertificate certificate, string host)
    {
        var now = DateTimeOffset.UtcNow;
        // A certificate without names is for none, as OpenSSH has it for hosts.
        return certificate.ForHosts && certificate.ValidAfter <= now && now < certificate.ValidBefore
            && SshPattern.AnyMatches(certificate.Principals.Select(p => p.ToLowerInvariant()), host);
    }

    private static IEnumerable<KnownHostEntry> Read(string file)
    {
        string[] lines;
        try
        {
            if (!File.Exists(file))
                yield break;
            if (new FileInfo(file).Length > MaxFileSize)
                throw new IOException($"it is larger than {MaxFileSize >> 20} MiB");
            lines = File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A file of revoked keys that cannot be read must not be taken for an empty one.
            throw new SealerException(
                "KnownHostsNotReadable", ErrorKind.ResourceUnavailable,
                $"The known host keys in '{file}' cannot be read: {error.Message}. Give it back to you, or name another in UserKnownHostsFile.", file, error);
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (KnownHostEntry.TryParse(lines[i], new SshConfigPlace(file, i + 1)) is { } entry)
                yield return entry;
        }
    }

    private static async Task ReplaceAsync(string file, string line, CancellationToken cancellationToken)
    {
        var temporary = $"{file}.{Guid.NewGuid():N}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var stream = new FileStream(temporary, options))
            {
                if (File.Exists(file))
                {
                    var before = await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false);
                    await stream.WriteAsync(before, cancellationToken).ConfigureAwait(false);
                    if (before.Length > 0 && before[^1] != '\n')
                        stream.WriteByte((byte)'\n');
                }

                await stream.WriteAsync(Encoding.UTF8.GetBytes(line), cancellationToken).ConfigureAwait(false);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, file, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static async Task<FileStream> LockAsync(string file, CancellationToken cancellationToken)
    {
        var started = Environment.TickCount64;
        while (true)
        {
            try
            {
                return new FileStream(file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (Environment.TickCount64 - started < LockPatience.TotalMilliseconds)
            {
                await Task.Delay(50, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static SealerException NotWritable(string file, string why, Exception? inner) => new(
        "KnownHostsNotWritable", ErrorKind.ResourceUnavailable,
        $"A host key cannot be written to '{file}': {why}. Name a file you may write in UserKnownHostsFile.", file, inner);
}
