using System.IO.Compression;
using System.Text;
using Sealer.Hosts;
using Sealer.Hosts.Ssh;

namespace Sealer.Transfer;

/// <summary>One host of a delivery: its target, what it has and needs, and the commands that its part is made of.</summary>
internal sealed class HostRun(int number, ContentTarget target, ContentSet all)
{
    private bool _begun;
    private bool _allowed;

    public int Number => number;

    public ContentTarget Target => target;

    /// <summary>What it shall hold.</summary>
    public ContentSet Set { get; } = all.For(target.Filter, target.Overrides);

    public HostContent? Has { get; private set; }

    public HostNeed? Need { get; private set; }

    /// <summary>Where others reach it; null where that is not known.</summary>
    public PeerAddress? Peer { get; private set; }

    /// <summary>Others may fetch from it in this run.</summary>
    public bool Feeds { get; set; }

    /// <summary>It may fetch from others in this run.</summary>
    public bool IsFed { get; set; }

    public SealerException? Error { get; set; }

    public long Bytes { get; set; }

    public int Files { get; set; }

    public string Way { get; set; } = "";

    /// <summary>It holds what it shall.</summary>
    public bool IsDone { get; private set; }

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

    /// <summary>Makes the folders in which it gets ready, and lets others in who may fetch from it.</summary>
    public async Task BeginAsync(RunKey? key, byte[] knownHosts, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        using var tar = new MemoryStream();
        TransferTar.Add(tar, "run/drop", 0x180, Encoding.UTF8.GetBytes(string.Concat(Need!.Dropped.Select(p => $"R {ShellText.Quote("./" + p)}\n"))));
        if (Feeds)
            TransferTar.Add(tar, "share/serve", 0x1ED, Encoding.UTF8.GetBytes(HostScripts.Serve));
        if (IsFed && key is not null)
        {
            TransferTar.Add(tar, "run/key", 0x180, key.PrivateFile);
            TransferTar.Add(tar, "run/known_hosts", 0x180, knownHosts);
        }

        TransferTar.End(tar);
        tar.Position = 0;
        _begun = true;
        Require(await target.Host.RunAsync(new HostCommand(HostScripts.Begin(target)) { Elevated = true, Input = tar }, cancellationToken).ConfigureAwait(false));
        if (!Feeds || key is null)
            return;
        _allowed = true;
        var allowed = await target.Host.RunAsync(new HostCommand(key.Allow(target, sources)), cancellationToken).ConfigureAwait(false);
        Feeds = allowed.Succeeded;
    }

    /// <summary>Puts everything in place.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
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

        packed.Position = 0;
        Require(await target.Host.RunAsync(new HostCommand(HostScripts.Finish(target)) { Elevated = true, Input = packed }, cancellationToken).ConfigureAwait(false));
        Files += Need.Missing.Count + Need.Obsolete.Count;
        IsDone = true;
    }

    /// <summary>Takes away what the delivery needed. Its failing is told only where nothing else failed.</summary>
    public async Task EndAsync(bool cleanKeys, CancellationToken cancellationToken)
    {
        if (!_begun && Has?.HasLeftovers != true && !(Need?.IsNothing == true && Has?.NeedsNote == true))
            return;
        try
        {
            if (_allowed || cleanKeys)
                (await target.Host.RunAsync(new HostCommand(RunKey.Forbid(target)), cancellationToken).ConfigureAwait(false)).Require("take the key of the delivery out of authorized_keys");
            _allowed = false;
            var complete = IsDone || (Error is null && Need?.IsNothing == true);
            Require(await target.Host.RunAsync(
                new HostCommand(HostScripts.End(target, complete, Error?.Id == "HostDiskFull")) { Elevated = true }, cancellationToken).ConfigureAwait(false));
            _begun = false;
        }
        catch (SealerException error) when (Error is not null)
        {
            _ = error; // What failed first says more.
        }
    }

    public void Satisfied() => IsDone = true;

    private void Require(HostCommandResult result)
    {
        if (!result.Succeeded)
            throw HostCarrier.Failure(this, result);
    }
}
