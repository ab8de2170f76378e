using System.Security.Cryptography;
using Sealer.Events;
using Sealer.Images.Layers;
using Sealer.Images.Archives;

namespace Sealer.Labs;

/// <summary>The files that the hosts of labs share: made once, by what they are made of, and never changed.</summary>
/// <param name="folder">The folder of all trees.</param>
internal sealed class LabTree(string folder)
{
    private const string Activity = "Making the hosts' files";

    private static readonly string[] MountPoints = ["proc", "sys", "dev", "run", "tmp", "etc", "var/lib", "root"];
    private static readonly string[] Inits = ["lib/systemd/systemd", "usr/lib/systemd/systemd"];
    private static readonly string[] Servers = ["usr/sbin/sshd", "usr/bin/sshd"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>Debian's of this machine's apt sources.</summary>
    /// <returns>The folder of the files.</returns>
    public async Task<string> DebianAsync(IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        var debian = await DebianTree.OfMachineAsync(cancellationToken).ConfigureAwait(false);
        return await ObtainAsync("debian-" + debian.Key, debian.MakeAsync, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a tar holds.</summary>
    /// <exception cref="SealerException"><c>LabRootFileSystemMissing</c>, <c>LabRootFileSystemUnfit</c>, and those of <see cref="LayerReader.NextAsync"/>.</exception>
    public async Task<string> TarAsync(string file, IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new SealerException(
                "LabRootFileSystemMissing", ErrorKind.NotFound, $"There is no file '{file}'. Name a tar of a root file system with systemd and sshd.", file);
        }

        byte[] hash;
        using (var content = File.OpenRead(file))
            hash = await SHA256.HashDataAsync(content, cancellationToken).ConfigureAwait(false);
        var preparation = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(LabScripts.TreePreparation));
        var key = $"tar-{LabNames.Hex(hash)[..16]}-{LabNames.Hex(preparation)[..8]}";
        return await ObtainAsync(key, (root, _, token) => ExtractAsync(file, root, progress, token), progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes trees of other sources or scripts than today's: those that no lab has and that none was made of for a week.</summary>
    /// <param name="used">The files' folders of the labs that there are, of whatever home.</param>
    public void Sweep(IReadOnlyCollection<string> used)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var tree in Directory.GetDirectories(folder))
        {
            if (used.Contains(Path.Combine(tree, "root")) || DateTime.UtcNow - Directory.GetLastWriteTimeUtc(tree) < Kept)
                continue;
            using var @lock = FileLock.TryTake(tree + ".lock", exclusive: true);
            if (@lock is null)
                continue;
            // Out of its place at once: half a tree must never be found there.
            var gone = $"{tree}.new-{Guid.NewGuid():N}";
            Directory.Move(tree, gone);
            FolderRemoval.Delete(gone);
        }
    }

    /// <summary>The first process of a host with these files, as it is called there.</summary>
    public static string InitOf(string root) => "/" + Inits.First(path => File.Exists(Path.Combine(root, path)));

    private async Task<string> ObtainAsync(
        string key, Func<string, string, CancellationToken, Task> make, IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        var tree = Path.Combine(folder, key);
        if (Directory.Exists(tree))
        {
            // Whoever looks for old ones sees that it is not.
            Directory.SetLastWriteTimeUtc(tree, DateTime.UtcNow);
            return Path.Combine(tree, "root");
        }

        SealerHome.CreatePrivateFolder(folder);
        using var @lock = await FileLock.TakeAsync(tree + ".lock", exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException(
                "LabTreeBusy", ErrorKind.Conflict, $"Another process has been making the hosts' files in '{folder}' for half an hour. Try again when it is done.", folder);
        if (Directory.Exists(tree))
            return Path.Combine(tree, "root");
        // Whoever held the lock before and was killed.
        foreach (var left in Directory.GetDirectories(folder, key + ".new-*"))
            FolderRemoval.Delete(left);
        progress?.Report(new DetailEvent("The files that the hosts share are made, once: this takes half a minute or so."));
        progress?.Report(new ProgressEvent(Activity, key, 0, null));
        var half = $"{tree}.new-{Guid.NewGuid():N}";
        Directory.CreateDirectory(half);
        try
        {
            var root = Path.Combine(half, "root");
            LabFiles.CreateFolder(root);
            await make(root, half, cancellationToken).ConfigureAwait(false);
            CheckFit(root);
            await LabTools.RequireAsync(
                "prepare the hosts' files", "chroot", [root, "/bin/sh", "-s"], LabScripts.TreePreparation, cancellationToken).ConfigureAwait(false);
            Directory.Move(half, tree);
            return Path.Combine(tree, "root");
        }
        catch
        {
            FolderRemoval.Delete(half);
            throw;
        }
    }

    private static async Task ExtractAsync(string file, string root, IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        Stream content = File.OpenRead(file);
        var magic = new byte[6];
        if (content.ReadAtLeast(magic, 6, throwOnEndOfStream: false) == 6 && magic.AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]))
        {
            content.Position = 0;
            content = new XzStreams(content);
        }
        else
        {
            content.Position = 0;
        }

        var options = new ExtractOptions { Devices = true, Owners = true, SetId = true };
        var extraction = new Extraction(root, options);
        var reader = new LayerReader(content, options.Limits);
        await using var closing = reader.ConfigureAwait(false);
        await extraction.ApplyAsync(
            reader, bytes => progress?.Report(new ProgressEvent(Activity, Path.GetFileName(file), bytes, null)), cancellationToken).ConfigureAwait(false);
        extraction.Finish();
    }

    private static void CheckFit(string root)
    {
        // Real folders: what is mounted on a link would land on this machine's own.
        var linked = MountPoints.FirstOrDefault(name => LinkedPart(root, name) is not null);
        string? lacks = linked is not null ? $"'/{linked}' is a link or no folder there"
            : !Inits.Any(path => File.Exists(Path.Combine(root, path))) ? "systemd is missing"
            : !Servers.Any(path => File.Exists(Path.Combine(root, path))) ? "sshd is missing"
            : ((string[])["bin/sh", "usr/bin/env", "usr/bin/setpriv", "usr/sbin/chpasswd"]).FirstOrDefault(path => !Exists(root, path)) is { } missing ? $"/{missing} is missing"
            : null;
        if (lacks is null)
            return;
        throw new SealerException(
            "LabRootFileSystemUnfit", ErrorKind.InvalidContent,
            $"The root file system cannot run as a host of a lab: {lacks}. It takes a whole Linux with systemd, sshd, coreutils, util-linux and passwd.", lacks);
    }

    private static string? LinkedPart(string root, string name)
    {
        var path = root;
        foreach (var part in name.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null || File.Exists(path))
                return path;
            Directory.CreateDirectory(path);
        }

        return null;
    }

    // A link's target is looked for in the tree: /bin may be one to usr/bin, and sh one to dash.
    private static bool Exists(string root, string path) => Posix.Stat(Path.Combine(root, path)) is not null;
}
