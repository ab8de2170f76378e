using System.IO.Compression;
using System.Text;
using Sealer.Hosts;
using Sealer.Hosts.Ssh;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>One host of a delivery: its target, what it has and needs, and the commands that its part is made of.</summary>
internal sealed class HostRun(int number, ContentTarget target, ContentSet set)
{
    private readonly Dictionary<Digest, ContentEntry> _held = [];
    private bool _needsEnd;
    private bool _hasKeys;

    public int Number => number;

    public ContentTarget Target => target;

    /// <summary>What it shall hold.</summary>
    public ContentSet Set => set;

    public FoundContent? Has { get; private set; }

    public HostNeed? Need { get; private set; }

    /// <summary>Where others reach it; null where that is not known.</summary>
    public PeerAddress? Peer { get; private set; }

    /// <summary>Others may fetch from it in this run.</summary>
    public bool Feeds { get; set; }

    /// <summary>What it has already of what others want, and gives them in this run.</summary>
    public IReadOnlyDictionary<Digest, ContentEntry> Held => _held;

    /// <summary>Others may be let in where it is reached.</summary>
    public bool CanFeed => Error is null && Peer is { Keys.Count: > 0 } peer && IsPlain(peer.Address) && IsPlain(peer.User);

    /// <summary>It may fetch from others in this run.</summary>
    public bool IsFed { get; set; }

    public SealerException? Error { get; set; }

    public long Bytes { get; set; }

    public int Files { get; set; }

    public string Way { get; set; } = "";

    /// <summary>It holds what it shall.</summary>
    public bool IsDone { get; private set; }

    /// <summary>It was looked at, and lacks something.</summary>
    public bool IsNeedy => Error is null && !IsDone && Need?.IsNothing == false;

    /// <summary>Another attempt may succeed.</summary>
    public bool MayRetry => !IsDone && Error is { Id: "ContentDamagedOnHost" or "HostRebooted" or "HostConnectionLost" or "HostUnreachable" };

    /// <summary>Looks what it has.</summary>
    /// <param name="act">It will be changed next.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task LookAsync(bool act, CancellationToken cancellationToken)
    {
        Error = null;
        Has = await ContentLook.AtAsync(target, Set, act, cancellationToken).ConfigureAwait(false);
        Need = new HostNeed(Set, Has);
        _held.Clear();
        _hasKeys |= Has.HasLeftovers;
        _needsEnd |= Has.HasLeftovers || (Need.IsNothing && Has.NeedsNote);
        Peer ??= target.Peer ?? (target.Host is SshHost { ShownKey: { } shown } ssh ? new PeerAddress(ssh.Options.Address, ssh.Options.Port, ssh.Options.User, [shown]) : null);
        if (Need.IsNothing)
            return;
        if (Has.Lacks is { } tool)
        {
            throw new SealerException(
                "HostToolMissing", ErrorKind.ResourceUnavailable, $"{target.Host.Name} lacks {tool}, which a delivery needs. Install it there, then run this again.", target.Host.Name);
        }

        var needed = Need.Bytes + Need.Copied.Sum(e => e.Size);
        if (needed > Has.FreeBytes)
        {
            throw new SealerException(
                "HostDiskTooSmall", ErrorKind.ResourceUnavailable,
                $"{target.Folder} on {target.Host.Name} needs {needed >> 20} MiB more, and its disk has {Has.FreeBytes >> 20} MiB free. Make room there, then run this again.", target.Host.Name);
        }
    }

    /// <summary>
    /// Of large files that others want those that it has, where all is as it shall be, and that the login may read. Looked up by
    /// content: the same file may have another name elsewhere.
    /// </summary>
    /// <param name="wanted">What others want.</param>
    /// <returns>Bytes of them.</returns>
    public long Hold(IReadOnlySet<Digest> wanted)
    {
        _held.Clear();
        foreach (var entry in Set.Entries.Where(e => e is { IsFile: true, Size: >= HostNeed.LargeFile } && wanted.Contains(e.Digest!.Value) && IsReadable(e)))
            _held.TryAdd(entry.Digest!.Value, entry);
        return _held.Values.Sum(e => e.Size);
    }

    private bool IsReadable(ContentEntry entry)
    {
        if (Set.Overrides.ContainsKey(entry.Path) || (entry.Mode & 4) == 0)
            return false;
        for (var parent = LayerPath.Parent(entry.Path); parent.Length > 0; parent = LayerPath.Parent(parent))
        {
            if ((Set.Find(parent)?.Mode & 1) == 0)
                return false;
        }

        return true;
    }

    /// <summary>Makes the folders in which it gets ready, and lets others in who may fetch from it.</summary>
    public async Task BeginAsync(RunKey? key, byte[] knownHosts, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        using var tar = new MemoryStream();
        TransferTar.Add(tar, "run/prepare", 0x180, Encoding.UTF8.GetBytes(string.Concat(
            Need!.Dropped.Select(p => $"R {ShellText.Quote("./" + p)}\n").Concat(_held.Select(h => $"O {h.Key.Hex} {ShellText.Quote(h.Value.Path)}\n")))));
        if (Feeds)
            TransferTar.Add(tar, "share/serve", 0x1ED, Encoding.UTF8.GetBytes(HostScripts.Serve));
        if (IsFed && key is not null)
        {
            TransferTar.Add(tar, "run/key", 0x180, key.PrivateFile);
            TransferTar.Add(tar, "run/known_hosts", 0x180, knownHosts);
        }

        TransferTar.End(tar);
        tar.Position = 0;
        _needsEnd = true;
        var allowing = Feeds && key is not null ? AllowAsync(key, sources, cancellationToken) : Task.CompletedTask;
        try
        {
            Require(await target.Host.RunAsync(new HostCommand(HostScripts.Begin(target)) { Elevated = true, Input = tar }, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            await allowing.ConfigureAwait(false);
        }
    }

    /// <summary>Puts everything in place, and takes away what the delivery needed.</summary>
    public async Task FinishAsync(Throttle uplink, CancellationToken cancellationToken)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new BufferedStream(gzip, 64 << 10))
        {
            // Folders first: their owners and modes do not hinder what comes below them, for it is root who unpacks.
            foreach (var entry in Need!.Overlay.OrderBy(e => e.Path, StringComparer.Ordinal))
                TransferTar.Add(tar, entry, Set.Overrides.TryGetValue(entry.Path, out var own) ? own.Span : default);
            TransferTar.Add(tar, "fin/assemble", 0x180, Encoding.UTF8.GetBytes(Need.Assemble + Need.AttributeSteps()));
            TransferTar.Add(tar, "fin/commit", 0x180, Encoding.UTF8.GetBytes(Need.Commit));
            TransferTar.Add(tar, "fin/sums", 0x180, Encoding.UTF8.GetBytes(string.Concat(
                Need.Copied.Concat(Need.Overlay.Where(e => e.IsFile)).Select(ChunkSource.SumLine))));
            TransferTar.Add(tar, "fin/index", 0x180, Encoding.UTF8.GetBytes(Set.Index));
            TransferTar.End(tar);
        }

        // The host's own files, which no other host can give.
        await uplink.WaitAsync((int)packed.Length, cancellationToken).ConfigureAwait(false);
        packed.Position = 0;
        var forbidding = ForbidAsync(cancellationToken);
        try
        {
            Require(await target.Host.RunAsync(new HostCommand(HostScripts.Finish(target)) { Elevated = true, Input = packed }, cancellationToken).ConfigureAwait(false));
            Files += Need.Missing.Count + Need.Obsolete.Count;
            Bytes += Need.Overlay.Sum(e => e.Size);
            (IsDone, _needsEnd) = (true, false);
        }
        finally
        {
            // Where that failed, it is tried again at the end, and told then.
            await forbidding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes away what the delivery needed, where that has not been done. Its failing is told only where nothing else failed.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ForbidAsync(cancellationToken).ConfigureAwait(false);
            if (!_needsEnd)
                return;
            Require(await target.Host.RunAsync(
                new HostCommand(HostScripts.End(target, IsDone, Error?.Id == "HostDiskFull")) { Elevated = true }, cancellationToken).ConfigureAwait(false));
            _needsEnd = false;
        }
        catch (SealerException error) when (Error is not null)
        {
            _ = error; // What failed first says more.
        }
    }

    public void Satisfied() => IsDone = true;

    private async Task AllowAsync(RunKey key, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        _hasKeys = true;
        Feeds = (await target.Host.RunAsync(new HostCommand(key.Allow(target, sources)), cancellationToken).ConfigureAwait(false)).Succeeded;
    }

    private async Task ForbidAsync(CancellationToken cancellationToken)
    {
        if (!_hasKeys)
            return;
        (await target.Host.RunAsync(new HostCommand(RunKey.Forbid(target)), cancellationToken).ConfigureAwait(false)).Require("take the key of the delivery out of authorized_keys");
        _hasKeys = false;
    }

    // It stands in authorized_keys and known_hosts, where other characters mean something.
    internal static bool IsPlain(string text) => text.Length > 0 && text[0] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '-' or '_' or '%' or '@' or '\\');

    private void Require(HostCommandResult result)
    {
        if (!result.Succeeded)
            throw HostCarrier.Failure(this, result);
    }
}
