namespace Sealer.Labs;

internal sealed class LabLinks(LabRecord record, string folder, LabCgroups cgroups)
{
    public Task ApplyAsync(int number, LinkConditions link, CancellationToken cancellationToken) { _ = (record, folder, cgroups, number, link, cancellationToken); return Task.CompletedTask; }
    public Task ApplyToUplinkAsync(LinkConditions link, CancellationToken cancellationToken) { _ = (link, cancellationToken); return Task.CompletedTask; }
}
