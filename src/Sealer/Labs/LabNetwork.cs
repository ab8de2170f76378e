using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Sealer.Labs;

/// <summary>
/// The network of a lab: a bridge in a network namespace of its own, a namespace a host, and one link into the namespace of who
/// makes it. Nothing leads on from there: no forwarding, no translation, no default route of the machine's.
/// </summary>
/// <param name="record">What the lab is.</param>
internal sealed class LabNetwork(LabRecord record)
{
    private const string Folder = "/run/netns";

    private readonly LabAddresses _addresses = LabAddresses.Of(IPNetwork.Parse(record.Subnet), record.Hosts.Any(h => h.IsJumpHost));

    private string Bridge => LabNames.Bridge(record.Id);

    private string Uplink => LabNames.Uplink(record.Id);

    /// <summary>The networks that the namespace of the caller knows: those of its interfaces and its routes.</summary>
    public static async Task<IReadOnlyList<IPNetwork>> KnownAsync(CancellationToken cancellationToken)
    {
        var known = new List<IPNetwork>();
        foreach (var address in NetworkInterface.GetAllNetworkInterfaces().SelectMany(link => link.GetIPProperties().UnicastAddresses))
        {
            if (address.Address.AddressFamily == AddressFamily.InterNetwork)
                known.Add(LabAddresses.NetworkOf(address.Address, address.PrefixLength));
        }

        var routes = await LabTools.RunAsync("ip", ["-4", "-json", "route", "show"], "", cancellationToken).ConfigureAwait(false);
        if (routes.Succeeded && routes.Output.Trim() is { Length: > 0 } json)
        {
            using var document = JsonDocument.Parse(json);
            foreach (var route in document.RootElement.EnumerateArray())
            {
                var to = route.TryGetProperty("dst", out var destination) ? destination.GetString() : null;
                if (to is null or "default")
                    continue;
                if (IPNetwork.TryParse(to.Contains('/', StringComparison.Ordinal) ? to : to + "/32", out var network))
                    known.Add(network);
            }
        }

        return known;
    }

    /// <summary>The link into the lab, made first: with it the subnet is taken for everybody else in this namespace.</summary>
    public Task CreateUplinkAsync(CancellationToken cancellationToken) => BatchAsync("make its network", null, text =>
    {
        text.AppendLine($"netns add {Bridge}");
        text.AppendLine($"link add {Uplink} type veth peer name uplink netns {Bridge}");
        // A machine that forwards or announces routes on all that it has does not so here.
        text.AppendLine($"addr add {_addresses.Controller}/{_addresses.Front.PrefixLength} dev {Uplink}");
        text.AppendLine($"link set {Uplink} up");
    }, cancellationToken);

    /// <summary>The bridge and a namespace a host.</summary>
    public async Task CreateHostsAsync(CancellationToken cancellationToken)
    {
        await BatchAsync("make its bridge", Bridge, text =>
        {
            text.AppendLine("link set lo up");
            AddBridge(text, "br0", $"{_addresses.Gateway}/{_addresses.Hosts.PrefixLength}");
            // With a jump host there is a bridge for it and the controller, and nothing between the two but the host.
            if (record.Hosts.Any(h => h.IsJumpHost))
                AddBridge(text, "br1", null);
            text.AppendLine($"link set uplink master {FrontBridge} up");
            // What is meant for elsewhere is refused at once, rather than waited for.
            text.AppendLine("route add unreachable default");
        }, cancellationToken).ConfigureAwait(false);
        await SwitchAsync(Bridge, forward: true, cancellationToken).ConfigureAwait(false);

        await BatchAsync("make its hosts' links", null, text =>
        {
            foreach (var host in record.Hosts)
            {
                text.AppendLine($"netns add {LabNames.Namespace(record.Id, host.Number)}");
                text.AppendLine($"link add eth0 netns {LabNames.Namespace(record.Id, host.Number)} type veth peer name {LabNames.Port(host.Number)} netns {Bridge}");
                if (host.IsJumpHost)
                    text.AppendLine($"link add eth1 netns {LabNames.Namespace(record.Id, host.Number)} type veth peer name inner netns {Bridge}");
            }
        }, cancellationToken).ConfigureAwait(false);
        await BatchAsync("plug in its hosts", Bridge, text =>
        {
            foreach (var host in record.Hosts)
            {
                text.AppendLine($"link set {LabNames.Port(host.Number)} master {(host.IsJumpHost ? FrontBridge : "br0")} up");
                if (host.IsJumpHost)
                    text.AppendLine("link set inner master br0 up");
            }
        }, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(record.Hosts.Select(host => ConfigureAsync(host, cancellationToken))).ConfigureAwait(false);
    }

    /// <summary>Pulls a host's cable, or plugs it in again.</summary>
    public Task PlugAsync(LabHostRecord host, bool isIn, CancellationToken cancellationToken) => BatchAsync(
        isIn ? "plug in a host" : "cut off a host", Bridge,
        text => text.AppendLine($"link set {LabNames.Port(host.Number)} {(isIn ? "up" : "down")}"), cancellationToken);

    /// <summary>Removes all of it, as far as it is there.</summary>
    public static async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        // The link first: the kernel takes those of a namespace away some time after it.
        await LabTools.RunAsync("ip", ["link", "del", LabNames.Uplink(id)], "", cancellationToken).ConfigureAwait(false);
        if (!Directory.Exists(Folder))
            return;
        foreach (var file in Directory.GetFiles(Folder, LabNames.Group(id) + "*"))
        {
            if (Path.GetFileName(file) is var name && (name == LabNames.Group(id) || name.StartsWith(LabNames.Group(id) + "-", StringComparison.Ordinal)))
                await LabTools.RequireAsync("remove its network", "ip", ["netns", "del", name], "", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A socket that is in another network namespace, whoever uses it.</summary>
    public static Socket SocketIn(string name)
    {
        Socket? made = null;
        Exception? error = null;
        // A thread of its own, which ends with the namespace it went into.
        var thread = new Thread(() =>
        {
            try
            {
                using (var file = File.OpenHandle(Path.Combine(Folder, name)))
                    Posix.EnterNetworkNamespace(file);
                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                error = e;
            }
        });
        thread.Start();
        thread.Join();
        return made ?? throw new IOException(error!.Message, error);
    }

    /// <summary>The path of a network namespace.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name);

    private string FrontBridge => record.Hosts.Any(h => h.IsJumpHost) ? "br1" : "br0";

    private static void AddBridge(StringBuilder text, string name, string? address)
    {
        text.AppendLine($"link add {name} type bridge forward_delay 0 stp_state 0");
        if (address is not null)
            text.AppendLine($"addr add {address} dev {name}");
        text.AppendLine($"link set {name} up");
    }

    private async Task ConfigureAsync(LabHostRecord host, CancellationToken cancellationToken)
    {
        var name = LabNames.Namespace(record.Id, host.Number);
        await BatchAsync("give a host its address", name, text =>
        {
            text.AppendLine("link set lo up");
            text.AppendLine($"addr add {host.Address}/{(host.IsJumpHost ? _addresses.Front : _addresses.Hosts).PrefixLength} dev eth0");
            text.AppendLine("link set eth0 up");
            if (host.InnerAddress is { } inner)
            {
                text.AppendLine($"addr add {inner}/{_addresses.Hosts.PrefixLength} dev eth1");
                text.AppendLine("link set eth1 up");
            }

            text.AppendLine($"route add default via {_addresses.Gateway}");
        }, cancellationToken).ConfigureAwait(false);
        await SwitchAsync(name, forward: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A fresh namespace may begin with the machine's values; a fresh host has the kernel's.</summary>
    private static Task SwitchAsync(string name, bool forward, CancellationToken cancellationToken) => LabTools.RequireAsync(
        "prepare its network", "nsenter",
        [$"--net={PathOf(name)}", "sh", "-c", $"echo {(forward ? 1 : 0)} > /proc/sys/net/ipv4/ip_forward; for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $file; done"],
        "", cancellationToken);

    private static Task BatchAsync(string what, string? name, Action<StringBuilder> write, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        write(text);
        string[] into = name is null ? [] : ["-netns", name];
        return LabTools.RequireAsync(what, "ip", [.. into, "-batch", "-"], text.ToString(), cancellationToken);
    }
}
