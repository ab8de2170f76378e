using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Delivery.Copying;
using Sealer.Events;
using Sealer.Hosts;

namespace Sealer.PowerShell;

/// <summary>Copies files and folders to hosts or from them, on many at once (sealer has scp inside of run only).</summary>
/// <remarks>
/// <para>
/// What a host has already is not sent, by content; a copy that was cut is taken up where it broke. Every file appears at once, when all
/// of it is there and verified; permissions come along. Needs nothing on the hosts but sh, tar, sha256sum, stat, find and xargs.
/// </para>
/// <para>
/// To hosts: a -Destination that ends with a slash is the folder to put the items into; any other is the name that the one item shall
/// have there. From hosts: each host's items lie in a folder of its name in -Destination.
/// </para>
/// </remarks>
/// <example>
/// <code>Copy-ClusterItem ./skyline -Destination /tmp/sealer-example/skyline -Clusterfile ./Clusterfile</code>
/// A folder, to all hosts of a cluster; run again, it sends what has changed.
/// </example>
/// <example>
/// <code>Copy-ClusterItem ./tune.sh, ./skyline/motd -Destination /tmp/sealer-example/ -Address 10.0.0.11 -Sudo -PassThru</code>
/// Two files into a folder, as root.
/// </example>
/// <example>
/// <code>Copy-ClusterItem /etc/os-release -FromHost -Destination ./collected -Clusterfile ./Clusterfile</code>
/// A file of every host: ./collected/10.0.0.11/os-release, and so on.
/// </example>
/// <returns>Nothing; with -PassThru what was copied, of each host and item.</returns>
/// <seealso cref="InvokeClusterCommand"/>
[Cmdlet(VerbsCommon.Copy, "ClusterItem", SupportsShouldProcess = true, DefaultParameterSetName = Sending)]
[OutputType(typeof(CopyResult))]
public sealed class CopyClusterItem : HostCmdlet
{
    private const string Sending = "ToHost";
    private const string Fetching = "FromHost";

    /// <summary>What to copy. To hosts: files and folders here, where wildcards are understood. From hosts: absolute paths there.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Where to: on the hosts an absolute path; here a folder, which is made where it is missing.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Path of a Clusterfile whose hosts are meant.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>From this machine to the hosts, which is the default.</summary>
    [Parameter(ParameterSetName = Sending)]
    public SwitchParameter ToHost { get; set; }

    /// <summary>From the hosts to this machine.</summary>
    [Parameter(Mandatory = true, ParameterSetName = Fetching)]
    public SwitchParameter FromHost { get; set; }

    /// <summary>Puts the items of the one host into -Destination itself, without a folder of its name.</summary>
    [Parameter(ParameterSetName = Fetching)]
    public SwitchParameter Flat { get; set; }

    /// <summary>As root on the hosts, through sudo where the user is not.</summary>
    [Parameter]
    public SwitchParameter Sudo { get; set; }

    /// <summary>Returns what was copied.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken) =>
        ParameterSetName == Fetching ? FetchAsync(hosts, cancellationToken) : SendAsync(hosts, cancellationToken);

    private async Task SendAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var paths = await OnPipeline(() => Path.SelectMany(p => FullPaths(p, literal: false)).ToList());
        if (paths.Count == 0)
            return;
        var items = await LocalItems.ReadAsync(paths, cancellationToken);
        var what = $"{items.Files} file{(items.Files == 1 ? "" : "s")} ({ByteSize.Format(items.Bytes)})";
        var selected = await SelectAsync(hosts, host => $"Copy {what} to {Destination}");
        await ForEachHostAsync(
            hosts,
            selected,
            null,
            async (host, results, ct) => await TellAsync(results, await HostCopy.SendAsync(host, items, Destination, Options(host, $"Copying to {Destination}"), ct)),
            cancellationToken);
    }

    private async Task FetchAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        if (Flat && hosts.All.Count > 1)
        {
            throw new SealerException(
                "SeveralHosts", ErrorKind.InvalidInput, $"-Flat is for one host, and there are {hosts.All.Count}, whose files would lie over each other. Leave it out.");
        }

        var folder = await OnPipeline(() => FullPath(Destination));
        var selected = await SelectAsync(hosts, host => $"Copy {string.Join(", ", Path)} to {Folder(folder, host)}");
        await ForEachHostAsync(
            hosts,
            selected,
            null,
            async (host, results, ct) =>
            {
                foreach (var path in Path)
                {
                    // A folder becomes one of its name; a file goes into the host's.
                    var isFolder = path.Length > 1 && (await host.RunAsync(new HostCommand($"[ -d {ShellText.Quote(path)} ]") { Elevated = Sudo }, ct)).Succeeded;
                    var into = isFolder ? System.IO.Path.Combine(Folder(folder, host), FileName(path)) : Folder(folder, host);
                    await TellAsync(results, await HostCopy.FetchAsync(host, path, into, Options(host, $"Copying {path}"), ct));
                }
            },
            cancellationToken);
    }

    private async Task<List<IHost>> SelectAsync(ClusterHosts hosts, Func<IHost, string> action)
    {
        var selected = new List<IHost>();
        foreach (var host in hosts.All)
        {
            if (await ShouldProcessAsync(host.Name, action(host)))
                selected.Add(host);
        }

        return selected;
    }

    private CopyOptions Options(IHost host, string activity) => new() { Elevated = Sudo, Progress = new HostProgress(Engine, activity, host.Name) };

    private async Task TellAsync(List<object> results, CopyResult result)
    {
        const int Told = 5;
        foreach (var skipped in result.Skipped.Take(Told))
            await WarnAsync($"{result.Host}: left out {PlainText.Of(skipped)}.");
        if (result.Skipped.Count > Told)
            await WarnAsync($"{result.Host}: left out {result.Skipped.Count - Told} more.");
        if (PassThru)
            results.Add(result);
    }

    private string Folder(string folder, IHost host) => Flat ? folder : System.IO.Path.Combine(folder, SafeName(host.Name));

    private static string FileName(string path) => path.TrimEnd('/').Split('/')[^1] is { Length: > 0 } name and not ("." or "..") ? name : "root";

    // Names of hosts are the user's own, but an IPv6 address is no folder's name on Windows.
    private static string SafeName(string name) =>
        string.Concat(name.Select((c, i) => char.IsAsciiLetterOrDigit(c) || (i > 0 && c is '.' or '-' or '_') ? c : '-'));

    private sealed class HostProgress(IProgress<SealerEvent> events, string activity, string host) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => events.Report(new ProgressEvent(activity, host, value.Done, value.Total));
    }
}
