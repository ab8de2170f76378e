using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Hosts;
using Sealer.Kubernetes;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Takes a node out of a cluster, on a control plane that stays: its pods are asked to go, its member leaves etcd where the others
/// keep a majority without it, and the API forgets it.
/// </summary>
internal sealed class NodeRemovalHandler(KubernetesDelivery delivery) : StepHandler
{
    private const string Certificates = "/etc/kubernetes/pki/etcd";

    /// <inheritdoc/>
    public override string Kind => NodeRemovalPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (NodeRemovalPayload)run.Step.Payload;
        RequireStranger(run, payload);
        var node = await run.Host.RunAsync(Command($"get node {ShellText.Quote(payload.Node)} -o name --ignore-not-found"), cancellationToken).ConfigureAwait(false);
        return node.Require("ask for its nodes").Output.Trim().Length == 0
            && (!payload.IsControlPlane || MemberOf(await MembersAsync(run.Host, cancellationToken).ConfigureAwait(false), payload) is null);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (NodeRemovalPayload)run.Step.Payload;
        RequireStranger(run, payload);
        if (payload.IsControlPlane)
            await RequireMajorityAsync(run.Host, payload, cancellationToken).ConfigureAwait(false);
        var there = await run.Host.RunAsync(Command($"get node {ShellText.Quote(payload.Node)} -o name --ignore-not-found"), cancellationToken).ConfigureAwait(false);
        if (there.Require("ask for its nodes").Output.Trim().Length > 0)
        {
            // Pods of a host that is dead cannot tell that they have ended, and nobody waits for them.
            var release = KubernetesRelease.Of(delivery.Kubernetes.Image.Version);
            var leave = payload.IsReachable
                ? $"drain {ShellText.Quote(payload.Node)} --ignore-daemonsets {release.DrainEmptyDirArgument} --force --timeout={payload.TimeoutSeconds.ToString(CultureInfo.InvariantCulture)}s"
                : $"cordon {ShellText.Quote(payload.Node)}";
            var left = await run.Host.RunAsync(Command(leave) with { Timeout = TimeSpan.FromSeconds(payload.TimeoutSeconds) + KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
            left.Require($"have the pods of {payload.Node} go to other nodes");
        }

        if (payload.IsControlPlane && MemberOf(await MembersAsync(run.Host, cancellationToken).ConfigureAwait(false), payload) is { } member)
            (await EtcdAsync(run.Host, $"member remove {member.Id.ToString("x", CultureInfo.InvariantCulture)}", cancellationToken).ConfigureAwait(false)).Require($"take {payload.Node} out of etcd");
        (await run.Host.RunAsync(Patiently($"delete node {ShellText.Quote(payload.Node)} --ignore-not-found"), cancellationToken).ConfigureAwait(false)).Require($"take {payload.Node} out of the cluster");
    }

    // A plan that somebody wrote could name any node: what the Clusterfile names stays.
    private void RequireStranger(StepRun run, NodeRemovalPayload payload)
    {
        var named = delivery.Kubernetes.Nodes.Any(node => node.Key == payload.Address || delivery.Kubernetes.Kubeadm.NodeName(node.Value) == payload.Node);
        delivery.RequireSame(run, "a node that the Clusterfile does not name", named ? "one that it names" : "a node that the Clusterfile does not name");
    }

    private async Task RequireMajorityAsync(IHost plane, NodeRemovalPayload payload, CancellationToken cancellationToken)
    {
        var members = await MembersAsync(plane, cancellationToken).ConfigureAwait(false);
        if (MemberOf(members, payload) is not { } leaving)
            return;
        var healthy = 0;
        foreach (var member in members.Where(member => member != leaving && member.Client.Length > 0))
        {
            var health = await EtcdAsync(plane, "endpoint health", cancellationToken, member.Client).ConfigureAwait(false);
            healthy += health.Succeeded ? 1 : 0;
        }

        // While it goes the majority is that of all; after it, that of those who are left.
        var needed = ((members.Count - 1) / 2) + 1;
        if (healthy >= needed)
            return;
        throw new SealerException(
            "EtcdQuorumAtRisk", ErrorKind.ResourceUnavailable,
            $"{payload.Node} is not taken out of the cluster: without it {healthy} of {members.Count - 1} members of etcd are well, and {needed} must be. Bring the other control planes back first.", payload.Node);
    }

    private static Member? MemberOf(IReadOnlyList<Member> members, NodeRemovalPayload payload) =>
        members.FirstOrDefault(member => member.Name == payload.Node || (payload.Address.Length > 0 && Uri.TryCreate(member.Peer, UriKind.Absolute, out var peer) && peer.Host.Trim('[', ']') == payload.Address));

    private async Task<IReadOnlyList<Member>> MembersAsync(IHost plane, CancellationToken cancellationToken)
    {
        var result = await EtcdAsync(plane, "member list -w json", cancellationToken).ConfigureAwait(false);
        var text = result.Require("ask etcd for its members").Output;
        try
        {
            return [.. (JsonNode.Parse(text)?["members"] as JsonArray ?? []).Select(member => new Member(
                member!["ID"]!.GetValue<ulong>(), $"{member["name"]}", $"{(member["peerURLs"] as JsonArray)?.FirstOrDefault()}", $"{(member["clientURLs"] as JsonArray)?.FirstOrDefault()}"))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new SealerException("EtcdMembersNotReadable", ErrorKind.InvalidContent, $"What etcd on {plane.Name} says of its members cannot be read.", plane.Name, e);
        }
    }

    // In etcd's own pod, which has its program.
    private Task<HostCommandResult> EtcdAsync(IHost plane, string words, CancellationToken cancellationToken, string? endpoint = null)
    {
        var node = delivery.Kubernetes.Kubeadm.NodeName(delivery.Kubernetes.Nodes[plane.Name]);
        return plane.RunAsync(
            Command($"-n kube-system exec {ShellText.Quote($"etcd-{node}")} -- etcdctl --endpoints {ShellText.Quote(endpoint ?? "https://127.0.0.1:2379")} --cacert {Certificates}/ca.crt --cert {Certificates}/healthcheck-client.crt --key {Certificates}/healthcheck-client.key {words}"),
            cancellationToken);
    }

    private static HostCommand Command(string words) => new($"kubectl --kubeconfig /etc/kubernetes/admin.conf {words}") { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience };

    // Where the member that left led the others, they choose anew, and nothing is written until they have.
    private static HostCommand Patiently(string words)
    {
        var command = Command(words);
        return command with { Script = $"i=0; until e=$({command.Script} 2>&1); do i=$((i+1)); [ $i -lt 15 ] || {{ echo \"$e\" >&2; exit 1; }}; sleep 2; done" };
    }

    private sealed record Member(ulong Id, string Name, string Peer, string Client);
}
