using Sealer.Images.Layers;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>What an instruction puts into the rootfs.</summary>
/// <param name="Entries">Of its layer; empty where nothing changes.</param>
/// <param name="App">Of an application, what it is.</param>
/// <param name="Downloads">Addresses that were not downloaded because this is a preview.</param>
internal sealed record StepFiles(IReadOnlyList<LayerEntry> Entries, AppLayout? App, IReadOnlyList<string> Downloads);

/// <summary>Turns planned instructions into the entries of their layers: downloads, unpacks, lays out.</summary>
/// <param name="scratch">Where unpacked files lie.</param>
/// <param name="remote">Downloads; null in a preview, which downloads nothing.</param>
/// <param name="fileName">The Kubefile's name in messages.</param>
/// <param name="sourceDate">No file is newer.</param>
internal sealed class StepLayout(BuildScratch scratch, RemoteSource? remote, string fileName, DateTimeOffset? sourceDate)
{
    private const string AppsFolder = "application/apps/";
    private const int DownloadMode = 0b110_000_000;

    /// <exception cref="SealerException">With the place of the instruction in front of the message.</exception>
    public async Task<StepFiles> LayOutAsync(PlannedInstruction planned, RootfsTree tree, CancellationToken cancellationToken)
    {
        try
        {
            return planned.Instruction switch
            {
                CopyInstruction copy => await CopyAsync(copy, planned.Sources, tree, cancellationToken).ConfigureAwait(false),
                AppInstruction app => await AppAsync(app, planned.Sources, tree, cancellationToken).ConfigureAwait(false),
                _ => new StepFiles([], null, []),
            };
        }
        catch (SealerException e)
        {
            throw new SealerException(e.Id, e.Kind, $"{fileName}:{planned.Instruction.Span} {e.Message}", e.Target, e);
        }
    }

    private async Task<StepFiles> CopyAsync(
        CopyInstruction copy, IReadOnlyList<PlannedSource> sources, RootfsTree tree, CancellationToken cancellationToken)
    {
        var add = copy as AddInstruction;
        var owner = copy.Chown is null ? (FileOwner?)null : FileOwner.Parse(copy.Chown, tree);
        var layout = new CopyLayout(tree);
        var items = new List<SourceItem>();
        var archives = new List<SourceItem>();
        var downloads = new List<string>();
        foreach (var source in sources)
        {
            if (source.Address is { } address)
            {
                // Only where the destination does not name the file must the address do so.
                var name = RemoteSource.TryNameOf(address)
                    ?? (NamesFile(copy.Destination) ? copy.Destination.Split('/')[^1] : RemoteSource.NameOf(address));
                items.Add(await FetchAsync(address, DownloadMode, add?.Checksum, name, downloads, cancellationToken).ConfigureAwait(false));
                continue;
            }

            foreach (var item in source.Items)
            {
                if (add is not null && !item.IsFolder && item.Entries[0] is { LocalFile: not null } file
                    && await ArchiveSource.TryUnpackAsync(file.OpenContent(), item.Name, scratch, sourceDate, cancellationToken).ConfigureAwait(false) is { } archive)
                {
                    archives.Add(archive);
                }
                else
                {
                    items.Add(item);
                }
            }
        }

        // An archive is unpacked into its destination, which is therefore always a folder.
        foreach (var archive in archives)
            layout.Add([archive], copy.Destination.TrimEnd('/') + "/", owner, copy.Chmod);
        if (items.Count > 0)
            layout.Add(items, copy.Destination, owner, copy.Chmod);
        return new StepFiles(layout.Build(), null, downloads);
    }

    private async Task<StepFiles> AppAsync(
        AppInstruction app, IReadOnlyList<PlannedSource> sources, RootfsTree tree, CancellationToken cancellationToken)
    {
        var items = new List<SourceItem>();
        var downloads = new List<string>();
        foreach (var source in sources)
        {
            if (source.Address is { } address)
            {
                var item = await FetchAsync(address, FileModes.Data, null, RemoteSource.NameOf(address), downloads, cancellationToken).ConfigureAwait(false);
                items.Add(await UnpackChartAsync(item, cancellationToken).ConfigureAwait(false));
                continue;
            }

            foreach (var item in source.Items)
                items.Add(await UnpackChartAsync(item, cancellationToken).ConfigureAwait(false));
        }

        // A preview on an image that is not known here may not know the sources either.
        var layout = items.Count == 0 && remote is null ? new AppLayout(null, [], []) : AppLayout.Of(app.Name, items);
        var copy = new CopyLayout(tree);
        foreach (var (item, folder) in layout.Placed)
            copy.Add([item], AppsFolder + app.Name + "/" + (folder.Length > 0 ? folder + "/" : ""));
        return new StepFiles(copy.Build(), layout, downloads);
    }

    private async Task<SourceItem> UnpackChartAsync(SourceItem item, CancellationToken cancellationToken)
    {
        if (!AppLayout.IsPacked(item) || item.Entries[0].Kind != LayerEntryKind.File)
            return item;
        var archive = await ArchiveSource.TryUnpackAsync(item.Entries[0].OpenContent(), item.Name, scratch, sourceDate, cancellationToken).ConfigureAwait(false);
        return (archive is null ? null : AppLayout.UnpackedChart(archive)) ?? item;
    }

    private async Task<SourceItem> FetchAsync(
        string address, int mode, Digest? checksum, string name, List<string> downloads, CancellationToken cancellationToken)
    {
        if (remote is not null)
            return await remote.FetchAsync(address, mode, checksum, name, cancellationToken).ConfigureAwait(false);
        downloads.Add(AddressText.Shown(new Uri(address)));
        var entry = new SourceEntry
        {
            RelativePath = "",
            Kind = LayerEntryKind.File,
            Mode = mode,
            Modified = DateTimeOffset.UnixEpoch,
            Open = () => Stream.Null,
        };
        return new SourceItem(name, IsFolder: false, [entry]);
    }

    private static bool NamesFile(string destination) => destination is not "." && !destination.EndsWith('/') && !destination.EndsWith("/.", StringComparison.Ordinal);
}
