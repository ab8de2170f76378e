namespace Sealer.Hosts.Checks;

/// <summary>What somebody left there, or still runs.</summary>
internal static class LeftoverChecks
{
    private static readonly string[] Kubernetes = ["kubelet", "k3s", "k3s-agent", "rke2-server", "rke2-agent", "k0scontroller", "k0sworker"];
    private static readonly string[] Runtimes = ["docker", "containerd", "crio"];
    private static readonly string[] Overlays = ["cni0", "flannel.1", "kube-ipvs0", "nodelocaldns", "tunl0@NONE", "vxlan.calico", "cilium_host", "weave"];

    public static CheckOutcome ExistingKubernetes(HostView host)
    {
        if (host.IsMember)
            return CheckOutcome.Skip("It is a node of this cluster already.");
        var running = host.Conditions.ActiveServices.Intersect(Kubernetes).Order().ToList();
        var files = host.Conditions.KubernetesFiles.Concat(host.Conditions.StateFolders.Where(f => f != "/var/lib/etcd/member")).ToList();
        if (running.Count == 0 && files.Count == 0)
            return CheckOutcome.Pass("There is no Kubernetes on it.");
        var mends = new List<string>();
        if (running.Count > 0)
            mends.Add($"systemctl disable --now {string.Join(' ', running)}");
        if (files.Any(f => f.StartsWith("/etc/kubernetes/", StringComparison.Ordinal) || f.StartsWith("/var/lib/kubelet/", StringComparison.Ordinal)))
            mends.Add("{ ! command -v kubeadm >/dev/null || kubeadm reset -f; }; rm -rf /etc/kubernetes /var/lib/kubelet/config.yaml");
        var foreign = files.Any(f => f.StartsWith("/var/lib/rancher", StringComparison.Ordinal) || f.StartsWith("/etc/rancher", StringComparison.Ordinal) || f.StartsWith("/var/lib/k0s", StringComparison.Ordinal));
        return CheckOutcome.Fail(
            NetworkChecks.Sentence([.. running.Select(s => $"{s} runs"), .. files.Count > 0 ? [$"there is {HostView.HostNames(files)}"] : Array.Empty<string>()]),
            foreign ? "Remove it with its own uninstaller (k3s-uninstall.sh, rke2-uninstall.sh, k0s reset)." : "Only where nobody needs it any more.",
            foreign ? null : string.Join(" && ", mends));
    }

    public static CheckOutcome ExistingEtcd(HostView host)
    {
        if (host.IsMember)
            return CheckOutcome.Skip("It is a node of this cluster already.");
        var data = host.Facts.Kubernetes.HasEtcdData || host.Conditions.StateFolders.Contains("/var/lib/etcd/member");
        var runs = host.Conditions.ActiveServices.Contains("etcd");
        return !data && !runs
            ? CheckOutcome.Pass("There is no data of an etcd on it.")
            : CheckOutcome.Fail(
                runs ? "etcd runs, with data under /var/lib/etcd." : "There is data of an etcd under /var/lib/etcd; a new one would wake up with it.",
                "Only where nobody needs it any more; keep a copy.",
                $"{(runs ? "systemctl disable --now etcd && " : "")}rm -rf /var/lib/etcd/member");
    }

    public static CheckOutcome ExistingRuntime(HostView host)
    {
        if (host.IsMember)
            return CheckOutcome.Skip("It is a node of this cluster already.");
        var running = host.Conditions.ActiveServices.Intersect(Runtimes).Order().ToList();
        return running.Count == 0
            ? CheckOutcome.Pass("No container runtime runs on it.")
            : CheckOutcome.Fail($"{string.Join(" and ", running)} {(running.Count == 1 ? "runs" : "run")} on it; the image's own is put in its place.", "Only where nobody needs its containers any more.", $"systemctl disable --now {string.Join(' ', running)}");
    }

    public static CheckOutcome ExistingCni(HostView host)
    {
        if (host.IsMember)
            return CheckOutcome.Skip("It is a node of this cluster already.");
        var links = host.Conditions.Links.Keys.Intersect(Overlays).Order().ToList();
        var files = host.Conditions.CniFiles;
        if (links.Count == 0 && files.Count == 0)
            return CheckOutcome.Pass("There is no pod network on it.");
        return CheckOutcome.Fail(
            NetworkChecks.Sentence([.. files.Count > 0 ? [$"there is {HostView.HostNames(files)}, which kubelet would take for the pods' network"] : Array.Empty<string>(), .. links.Count > 0 ? [$"there is the interface {string.Join(", ", links)} of another pod network"] : Array.Empty<string>()]),
            command: string.Join("; ", [.. files.Count > 0 ? [$"rm -rf {string.Join(' ', files.Select(ShellText.Quote))}"] : Array.Empty<string>(), .. links.Select(l => $"ip link delete {l}")]));
    }

    public static CheckOutcome ExistingCluster(HostView host)
    {
        var others = host.Facts.Kubernetes.SealerClusters.Where(c => c != host.Needs.Cluster).ToList();
        return others.Count == 0
            ? CheckOutcome.Pass("No other cluster was delivered to it.")
            : CheckOutcome.Fail(
                $"The files of the {(others.Count == 1 ? "cluster" : "clusters")} {string.Join(", ", others)} lie under /var/lib/sealer/data.",
                "Remove that cluster first; where it is gone already, its files are all that is left.",
                string.Join(" && ", others.Select(c => $"rm -rf {ShellText.Quote($"/var/lib/sealer/data/{c}")}")));
    }
}
