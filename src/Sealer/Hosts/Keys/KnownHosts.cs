using System.Text;
using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>
/// The keys of hosts that are known: files of ssh's format, read together, and keys that are revoked for all hosts. Nothing is ever
/// written down unless <see cref="EnrolAsync"/> is called. May be used from many threads.
/// </summary>
public sealed class KnownHosts
{
    private const int MaxFileSize = 64 * 1024 * 1024;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    private readonly string? _file;
    private readonly SemaphoreSlim _writing = new(1);
    private volatile KnownHostIndex _entries;

    // Of the user's first file, as it was read last: only what somebody else has written is read again.
    private (long Length, DateTime Written)? _seen;
    private int? _lines;

    private KnownHosts(string? file, IEnumerable<KnownHostEntry> entries) => (_file, _entries) = (file, KnownHostIndex.Of(entries));

    /// <summary>All entries, in the order they are looked at.</summary>
    public IReadOnlyList<KnownHostEntry> Entries => _entries.All;

    /// <summary>Reads files; those that do not exist are empty.</summary>
    /// <param name="userFiles">The user's; the first is the one that is written to.</param>
    /// <param name="globalFiles">The machine's.</param>
    /// <param name="revokedFiles">Of ssh_config's RevokedHostKeys: public keys, one a line, that no host may show.</param>
    /// <exception cref="SealerException"><c>KnownHostsNotReadable</c>, <c>RevokedHostKeysNotReadable</c>.</exception>
    public static KnownHosts Load(IReadOnlyList<string> userFiles, IReadOnlyList<string> globalFiles, IReadOnlyList<string>? revokedFiles = null)
    {
        var revoked = (revokedFiles ?? []).SelectMany(RevokedHostKeys.Read).ToList();
        // Before it is read: what is written meanwhile is read again then.
        var seen = userFiles.Count > 0 ? StateOf(userFiles[0]) : null;
        return new(userFiles.Count > 0 ? userFiles[0] : null, [.. revoked, .. userFiles.Concat(globalFiles).SelectMany(Read)]) { _seen = seen };
    }

    /// <summary>The entries about a host, as <c>ssh-keygen -F</c> finds them.</summary>
    public IReadOnlyList<KnownHostEntry> Find(string host, int port = 22)
    {
        return _entries.Find(KnownHostEntry.NameOf(host, port));
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

    /// <summary>
    /// Writes a host's key down, at the end of the user's first file; one that is made for it is 0600. Where there is to be none, or it
    /// is /dev/null, nothing is written, as with ssh.
    /// </summary>
    /// <param name="host">Its name.</param>
    /// <param name="port">Its port.</param>
    /// <param name="key">Its key, which somebody vouched for.</param>
    /// <param name="hashed">So that the file does not tell the name.</param>
    /// <param name="cancellationToken">Ends it; the file is as it was then.</param>
    /// <exception cref="SealerException"><c>KnownHostsNotWritable</c>, or <c>HostKeyChanged</c> and <c>HostKeyRevoked</c>: another
    /// process wrote of this host meanwhile.</exception>
    public async Task EnrolAsync(string host, int port, HostKey key, bool hashed = false, CancellationToken cancellationToken = default)
    {
        var name = KnownHostEntry.NameOf(host, port);
        var file = _file;
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (file is null || IsThrownAway(file = Real(file)))
                return;
            MakeFolder(Path.GetDirectoryName(file)!);
            await using var held = await LockAsync(file, cancellationToken).ConfigureAwait(false);
            var state = StateOf(file);
            if (state != _seen)
            {
                _entries = KnownHostIndex.Of([.. _entries.All.Where(e => e.Place.File != _file && e.Place.File != file), .. Read(file)]);
                (_seen, _lines) = (state, null);
            }

            if (!IsNew())
                return;
            var written = hashed ? KnownHostEntry.HashOf(name) : name;
            var line = 1 + (_lines ?? (state is null ? 0 : File.ReadLines(file).Count()));
            Append(file, $"{written} {key.Text}\n");
            (_seen, _lines) = (StateOf(file), line);
            _entries = _entries.With(new KnownHostEntry(new SshConfigPlace(file, line), KnownHostMarker.None, written, key));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "KnownHostsNotWritable", ErrorKind.ResourceUnavailable,
                $"A host key cannot be written to '{file}': {error.Message.TrimEnd('.')}. Name a file you may write in UserKnownHostsFile.", file, error);
        }
        finally
        {
            _writing.Release();
        }

        bool IsNew() => Check(_entries, name, host.ToLowerInvariant(), key, null) switch
        {
            KnownHostKey => false,
            var bad and (ChangedHostKey or RevokedHostKey) => throw HostKeyCheck.Error(bad, host),
            _ => true,
        };
    }

    private static HostKeyVerdict Check(KnownHostIndex entries, string name, string host, HostKey key, HostCertificate? certificate)
    {
        KnownHostEntry? known = null, authority = null;
        var others = new List<SshConfigPlace>();
        foreach (var entry in entries.Find(name))
        {
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

    private static string Real(string file) =>
        IsThrownAway(file) ? file : (File.Exists(file) ? File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(file);

    // What is no file is never replaced nor locked: as root that would be the machine's own /dev/null.
    private static bool IsThrownAway(string file) =>
        file == "/dev/null"
        || (OperatingSystem.IsWindows() && file.Equals("NUL", StringComparison.OrdinalIgnoreCase))
        || (OperatingSystem.IsLinux() && Posix.Stat(file) is { Type: FileState.CharacterDevice });

    private static (long Length, DateTime Written)? StateOf(string file) =>
        new FileInfo(file) is { Exists: true } there ? (there.Length, there.LastWriteTimeUtc) : null;

    // At its end, as ssh does, and not as another file in its place: that would be whoever writes' own, and its owner's no more.
    private static void Append(string file, string line)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        if (stream.Length > 0)
        {
            stream.Seek(-1, SeekOrigin.End);
            if (stream.ReadByte() != '\n')
                line = "\n" + line;
        }

        stream.Write(Encoding.UTF8.GetBytes(line));
        stream.Flush(flushToDisk: true);
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
}
