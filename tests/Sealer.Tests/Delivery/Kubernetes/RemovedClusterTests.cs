using System.Net;
using System.Net.Sockets;
using Sealer.Labs;
using Sealer.Planning;
using Sealer.Registries;
using Sealer.Tests.Labs;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>A real Kubernetes that is taken away, after which its hosts are as they were.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class RemovedClusterTests(KubernetesFixture kubernetes)
{
    // What a host is: files with their digests, links, folders, mounts, rules, routes, interfaces, units, processes. What any host
    // writes by itself, as logs and what systemd keeps of units, is left out. Folders that are mounts of their own stay, empty, and
    // settings of the running kernel stay, which lie in /run/sealer-lab here.
    private const string Look = """
        cd /; set -f
        p='-path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /run/systemd -o -path /run/log -o -path /run/user -o -path /run/udev -o -path /run/utmp -o -path /run/sshd* -o -path /run/lock -o -path /var/lib/systemd -o -path /var/cache -o -path /root/.ssh -o -path /run/dbus -o -path /run/motd.dynamic -o -path /run/xtables.lock -o -path /run/sealer-lab'
        find / \( $p \) -prune -o -printf '%y %m %U:%G %p %l\n' | sed -E 's#^d [0-9]+ (.* /var/lib/(containerd|kubelet|etcd|sealer) $)#d \1#' | sort
        find / \( $p \) -prune -o -type f -print0 | sort -z | xargs -r -0 sha256sum
        cut -d ' ' -f 1-3 /proc/mounts | sort
        for t in iptables ip6tables; do $t-save | grep -e '^-A' -e '^:[A-Z-]* -' ; done
        ip -4 route show table all; ip -6 route show
        ip -o link | sed 's/^[0-9]*: //; s/ mtu .*//; s/@.*//'
        systemctl list-unit-files --no-legend --plain | awk '{ print $1, $2 }'
        systemctl list-units --all --type=service --no-legend --plain | awk '$3 == "active" && $1 !~ /^(user|session|ssh@|sshd@)/ { print $1, $4 }' | sort
        cat /proc/net/unix | awk '$8 ~ /containerd|kube|cri/ { print $8 }'
        """;

    private static Task LookAsync(LabHost host, string name) => LabKubernetes.RunAsync(host, $"{{\n{Look}\n}} > /tmp/look.{name}");

    // Hosts trust its authority as a site's hosts trust the site's.
    private static async Task<DockerRegistry> RegistryAsync(LabKubernetes lab)
    {
        using var way = new UdpClient();
        way.Connect(lab.Hosts[0].Address, 9);
        var registry = await DockerRegistry.StartAsync(new() { Address = ((IPEndPoint)way.Client.LocalEndPoint!).Address, Tls = true, User = ("ops", "hunter2-external") });
        foreach (var host in lab.Hosts)
            await LabKubernetes.RunAsync(host, $"mkdir -p /etc/ssl/certs; cat > /etc/ssl/certs/site.pem <<'END'\n{await File.ReadAllTextAsync(registry.AuthorityFile!)}END\n");
        lab.Registries = new RegistryOptions { CertificateAuthorityFiles = [registry.AuthorityFile!] };
        return registry;
    }

    [LinuxFact]
    public async Task Its_hosts_are_as_they_were_and_get_it_again()
    {
        await using var lab = await LabKubernetes.CreateAsync(kubernetes, new LabOptions { Count = 2 });
        var cluster = lab.Cluster(1, 1, """
            ---
            apiVersion: sealer.io/v1
            kind: Plugin
            metadata: {name: bye}
            spec:
              type: SHELL
              action: pre-uninstall|pre-clean-host|post-clean-host|post-uninstall
              scope: master|node
              data: echo "$(ls -d scripts) $(ls -d /etc/kubernetes 2>/dev/null) $(kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes --no-headers 2>/dev/null | wc -l)" >> /root/bye
            """);
        await Task.WhenAll(lab.Hosts.Select(host => LookAsync(host, "before")));
        await lab.ApplyFullyAsync(cluster);
        Assert.Equal(2, (await LabKubernetes.KubectlAsync(lab.Hosts[0], "get nodes --no-headers")).Split(" Ready ").Length - 1);

        // Of what is compared below, all is there now.
        await LookAsync(lab.Hosts[0], "then");
        foreach (var part in new[] { "KUBE-SERVICES", "--comment \"pod network\"", "proto 84", "kubelet.service", "/root/.kube/config", "/run/containerd/containerd.sock", "/var/lib/kubelet/pods/" })
            await LabKubernetes.RunAsync(lab.Hosts[0], $"grep -q -F -e '{part}' /tmp/look.then");

        var plan = await lab.PlanRemovalAsync(cluster);
        Assert.Equal(2, plan.Steps.Count(step => step.Payload is HostCleaningPayload { OnlyFiles: false }));
        var removed = await lab.RemoveAsync(cluster);
        Assert.True(removed.Succeeded, LabKubernetes.TellOf(removed));

        Assert.Equal(["scripts /etc/kubernetes 2", "scripts /etc/kubernetes 2", "scripts  0", "scripts  0"], (await LabKubernetes.RunAsync(lab.Hosts[0], "cat /root/bye")).TrimEnd('\n').Split('\n'));
        Assert.Equal(["scripts /etc/kubernetes 0", "scripts  0"], (await LabKubernetes.RunAsync(lab.Hosts[1], "cat /root/bye")).TrimEnd('\n').Split('\n'));
        foreach (var host in lab.Hosts)
        {
            await LabKubernetes.RunAsync(host, "rm -rf /root/bye /.kube");
            await LookAsync(host, "after");
            var differences = await LabKubernetes.RunAsync(host, "diff /tmp/look.before /tmp/look.after || :");
            Assert.True(differences.Length == 0, $"{host.Name}:\n{differences}");
        }

        Assert.False(Directory.Exists(Path.Combine(lab.Home.Clusters, cluster.Name)));
        Assert.Empty((await lab.PlanRemovalAsync(cluster)).Steps);

        // This time from a registry that is there already.
        await using var registry = await RegistryAsync(lab);
        cluster = lab.Cluster(1, 1, $"  registry: {{externalRegistry: {{domain: {registry.Domain.Split(':')[0]}, port: {registry.Domain.Split(':')[1]}, username: ops, password: hunter2-external}}}}");
        var filled = await lab.ApplyFullyAsync(cluster);
        Assert.Contains(filled.Steps, step => step.Kind == RegistryContentPayload.KindName && step.Bytes > 1 << 20);
        Assert.Equal(2, (await LabKubernetes.KubectlAsync(lab.Hosts[0], "get nodes --no-headers")).Split(" Ready ").Length - 1);
        Assert.Equal("", await LabKubernetes.RunAsync(lab.Hosts[0], "ls -d /var/lib/sealer/data/sky/rootfs/registry 2>/dev/null; :"));
        Assert.Contains($"{registry.Domain}/kube-apiserver:", await LabKubernetes.RunAsync(lab.Hosts[0], "crictl images"), StringComparison.Ordinal);
        Assert.Equal([], (await lab.PlanAsync(cluster)).Steps.Select(step => $"{step}: {step.Why}"));

        // A control plane that is dead keeps nobody from being freed.
        await lab.Hosts[0].KillAsync();
        var partly = await lab.RemoveAsync(cluster);
        Assert.True(partly.Succeeded, LabKubernetes.TellOf(partly));
        Assert.Equal([lab.Hosts[0].Address.ToString()], partly.Plan.Hosts.Where(host => host.Unreachable is not null).Select(host => host.Name));
        Assert.Equal("", await LabKubernetes.RunAsync(lab.Hosts[1], "ls -d /etc/kubernetes /var/lib/sealer/* /var/lib/kubelet/* 2>/dev/null; :"));
        await lab.Hosts[0].StartAsync();
        var rest = await lab.RemoveAsync(cluster);
        Assert.True(rest.Succeeded, LabKubernetes.TellOf(rest));
        Assert.Equal([lab.Hosts[0].Address.ToString()], rest.Steps.Select(step => step.Step.Host).Distinct());
        Assert.Equal("", await LabKubernetes.RunAsync(lab.Hosts[0], "ls -d /etc/kubernetes /var/lib/sealer/* /var/lib/kubelet/* /var/lib/etcd/* 2>/dev/null; :"));
    }
}
