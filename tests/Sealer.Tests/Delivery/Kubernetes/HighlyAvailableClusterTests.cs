using Sealer.Certificates;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Delivery.Checks;
using Sealer.Hosts.Checks;
using Sealer.Labs;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>A real Kubernetes of three control planes and a worker, delivered once to bare hosts.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class HighlyAvailableClusterTests(InstalledCluster installed) : IClassFixture<InstalledCluster>
{
    private LabKubernetes Lab => installed.Lab;

    [LinuxFact]
    public async Task Bare_hosts_became_a_cluster_with_all_that_the_Clusterfile_says_and_there_is_nothing_to_do()
    {
        Assert.Equal([], (await Lab.PlanAsync(installed.Cluster)).Steps.Select(step => $"{step}: {step.Why}"));
        Assert.Equal(4, (await KubectlAsync("get nodes --no-headers")).Split(" Ready ").Length - 1);
        var worker = await KubectlAsync($"get node -l node-role.kubernetes.io/db=,zone=a,tier=gold -o jsonpath='{{.items[*].metadata.name}} {{.items[*].spec.taints[*].key}} {{.items[*].status.capacity.pods}}'");
        Assert.Equal($"{installed.Worker.Name} gpu 110", worker);
        Assert.Equal("first", await KubectlAsync("get configmap word -o jsonpath={.data.word}"));

        // Plugins: before there was a cluster, on each host once it was in, and once at the end.
        Assert.Equal(["0 ", "0 ", "4 ", "4 "], (await LabKubernetes.RunAsync(installed.First, "head -n 4 /root/told")).TrimEnd('\n').Split('\n'));
        Assert.Equal(2, (await LabKubernetes.RunAsync(installed.Worker, "cat /root/told")).TrimEnd('\n').Split('\n').Length);
        // Applications find nodes that are ready.
        Assert.Equal("4\n", await LabKubernetes.RunAsync(installed.First, "cat /root/noted"));
    }

    [LinuxFact]
    public void A_delivery_ends_when_what_kubeadm_runs_on_every_control_plane_is_ready()
    {
        var pods = installed.Components.TrimEnd('\n').Split('\n');
        Assert.Equal(12, pods.Length);
        Assert.All(pods, pod => Assert.Matches(@"^\S+ +1/1 +Running ", pod));
    }

    [LinuxFact]
    public async Task The_cluster_keeps_its_Clusterfile_with_secrets_in_a_Secret_only()
    {
        var open = await KubectlAsync("-n kube-system get configmap sealer-clusterfile -o jsonpath={.data.Clusterfile}");
        Assert.Contains($"- {installed.Worker.Address}", open, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", open, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", open, StringComparison.Ordinal);
        Assert.Equal("", await KubectlAsync("-n kube-system get configmaps,secrets -o json | grep -e last-applied -e s3cret -e hunter2 || :"));
        var whole = await KubectlAsync("-n kube-system get secret sealer-clusterfile -o jsonpath={.data.Clusterfile} | base64 -d");
        Assert.Contains("password: s3cret:pass", whole, StringComparison.Ordinal);

        // Somebody takes it away: it is the one thing that differs, and comes back.
        await KubectlAsync("-n kube-system delete configmap sealer-clusterfile");
        var result = await Lab.ApplyFullyAsync(installed.Cluster);
        Assert.Equal(["cluster-state"], result.Steps.Select(step => step.Kind));
        Assert.Equal(open, await KubectlAsync("-n kube-system get configmap sealer-clusterfile -o jsonpath={.data.Clusterfile}"));
        Assert.Empty((await Lab.PlanAsync(installed.Cluster)).Steps);
    }

    [LinuxFact]
    public async Task Another_controller_takes_over_with_nothing_but_a_way_to_one_control_plane()
    {
        // A key that lies elsewhere here; the password of the registry and the image it has of the cluster.
        using var folder = new TemporaryFolder();
        File.Copy(installed.First.KeyPath, folder["key"]);
        // What is vouched for is written to known_hosts, and the next lab has these addresses again.
        File.WriteAllText(folder["config"], $"UserKnownHostsFile {folder["known_hosts"]}\n");
        var access = new HostAccess { User = installed.First.User, KeyFile = folder["key"], HostKeyFingerprints = [installed.First.HostKeyFingerprint], SshConfigFile = folder["config"] };
        var answer = await ClusterReader.FindAsync(null, [new HostTarget($"{installed.First.Address}")], access);
        Assert.Null(answer.Error);
        var cluster = answer.Cluster;
        Assert.Equal(("sky", "v1.20.2", "https://apiserver.cluster.local:6443"), (cluster.Name, cluster.Status!.KubernetesVersion, cluster.Status.ApiAddress));
        Assert.Equal((4, 3), (cluster.Status.ReadyNodes, cluster.Status.ReadyControlPlanes));
        Assert.True(cluster.Status.CertificateDaysLeft > 99 * 365, $"{cluster.Status.CertificateDaysLeft}");
        Assert.Equal(["chart", "flannel", "note", "site"], cluster.Status.Applications.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("s3cret:pass", cluster.Spec.Registry.Local!.Password!.Reveal());
        Assert.All(cluster.Spec.Hosts, host => Assert.Equal(folder["key"], host.Ssh.PrivateKeyPath));
        // What is asked for by another name is not taken for it.
        Assert.Equal("ClusterNotThere", (await Assert.ThrowsAsync<SealerException>(() => ClusterReader.FindAsync("sea", [new HostTarget($"{installed.First.Address}")], access))).Id);

        Lab.Home = new SealerHome(folder["home"]);
        Assert.Equal([], (await Lab.PlanAsync(cluster)).Steps.Select(step => $"{step}: {step.Why}"));
    }

    [LinuxFact]
    public async Task Certificates_of_all_hosts_are_good_for_a_hundred_years_and_keys_are_root_s_alone()
    {
        foreach (var host in Lab.Hosts)
        {
            var left = await LabKubernetes.RunAsync(host, """
                for f in $(find /etc/kubernetes/pki /var/lib/kubelet/pki/kubelet-client-current.pem -name '*.crt' -o -name '*-current.pem' 2>/dev/null); do openssl x509 -checkend $((99*365*86400)) -noout -in $f > /dev/null || echo $f; done
                for f in /etc/kubernetes/*.conf; do grep client-certificate-data $f | sed 's/.*: //' | base64 -d | openssl x509 -checkend $((99*365*86400)) -noout > /dev/null 2>&1 || grep -q 'client-certificate: /var/lib/kubelet' $f || echo $f; done
                find /etc/kubernetes /var/lib/sealer/data -name '*.key' -perm /077
                """);
            Assert.Equal("", left);
        }
    }

    [LinuxFact]
    public async Task Every_image_name_is_served_by_the_cluster_s_own_registry_to_those_who_have_its_password()
    {
        foreach (var host in Lab.Hosts)
        {
            foreach (var name in new[] { "sea.hub:5000/pause:3.2", "k8s.gcr.io/pause:3.2", "library/haproxy:3.0-alpine", "quay.io/library/haproxy:3.0-alpine" })
                await LabKubernetes.RunAsync(host, $"crictl pull {name}");
            var codes = await LabKubernetes.RunAsync(host, "for u in '' '-u ops:wrong' '-u ops:s3cret:pass'; do curl -s -o /dev/null -w '%{http_code} ' --cacert /etc/containerd/certs.d/sea.hub:5000/ca.crt $u https://sea.hub:5000/v2/pause/tags/list; done");
            Assert.Equal("401 401 200 ", codes);
        }
    }

    [LinuxFact]
    public async Task An_application_answers_by_name_and_by_port_from_the_image_s_own_registry()
    {
        await KubectlAsync("rollout status deployment/site --timeout=120s");
        foreach (var host in Lab.Hosts)
            Assert.Equal("served\n", await LabKubernetes.RunAsync(host, $"curl -s --retry 20 --retry-all-errors --retry-delay 1 http://{host.Address}:30080/"));
        // Pods that were moved a moment ago may not answer yet.
        await LabKubernetes.RunAsync(installed.First, "timeout 180 sh -c 'until kubectl --kubeconfig /etc/kubernetes/admin.conf exec deployment/site -- nslookup site.default.svc.cluster.local 10.96.0.10 | grep -q Name; do sleep 1; done'");
    }

    [LinuxFact]
    public async Task Only_what_differs_is_changed()
    {
        // A label that goes and one that changes, an application with another file.
        await installed.BuildAsync("second");
        var changed = installed.With("labels: {zone: a, tier: silver}");
        var result = await Lab.ApplyFullyAsync(changed);
        Assert.Equal(["cluster-state", "content", "content", "content", "content", "launch", "node", "readiness"], result.Steps.Select(step => step.Kind).Order(StringComparer.Ordinal));
        Assert.Equal("silver ", await KubectlAsync($"get node {installed.Worker.Name} -o jsonpath='{{.metadata.labels.tier}} {{.spec.taints[*].key}}'"));
        Assert.Equal("second", await KubectlAsync("get configmap word -o jsonpath={.data.word}"));
        Assert.Equal("4\n", await LabKubernetes.RunAsync(installed.First, "cat /root/noted"));

        await installed.BuildAsync();
        await Lab.ApplyFullyAsync(installed.Cluster);
        Assert.Empty((await Lab.PlanAsync(installed.Cluster)).Steps);
    }

    [LinuxFact]
    public async Task An_application_that_does_not_get_ready_is_told_with_the_words_of_its_pod_and_launched_again_until_it_is()
    {
        await installed.BuildAsync(command: "echo no licence >&2; exit 3; exec httpd");
        try
        {
            var result = await Lab.ApplyAsync(installed.Cluster, new DeliveryOptions { AppTimeout = TimeSpan.FromSeconds(8) });
            var failed = result.Steps.Single(step => step.Status == StepStatus.Failed);
            Assert.Equal(("readiness", "AppNotReady"), (failed.Step.Kind, ((SealerException)failed.Error!).Id));
            Assert.Matches($@"site was launched and is not ready within 8 s .*Deployment default/site has .*Its pod site-\S+ on {installed.Worker.Name} is not ready: (CrashLoopBackOff|Error).*Its last events: .*\n?.*no licence", failed.Error.Message.Replace('\n', ' '));
            Assert.Equal(["launch", "readiness"], (await Lab.PlanAsync(installed.Cluster)).Steps.Select(step => step.Kind));
        }
        finally
        {
            await installed.BuildAsync();
            await Lab.ApplyFullyAsync(installed.Cluster);
        }

        Assert.Empty((await Lab.PlanAsync(installed.Cluster)).Steps);
    }

    [LinuxFact]
    public async Task A_control_plane_leaves_with_its_member_of_etcd_and_its_host_is_bare_again_until_it_comes_back()
    {
        var host = Lab.Hosts[2];
        var two = installed.With(planes: 2);
        var left = await Lab.ApplyFullyAsync(two);
        Assert.Equal(["balancer", "node-removal", "host-cleaning", "cluster-state"], left.Steps.Select(step => step.Kind));
        Assert.Equal(3, (await KubectlAsync("get nodes --no-headers")).Split(" Ready ").Length - 1);
        Assert.Equal(2, (await MembersAsync()).Length);
        Assert.Equal("", await LabKubernetes.RunAsync(host, """
            ls -d /etc/kubernetes /var/lib/sealer/* /var/lib/etcd/* /var/lib/kubelet/* /var/lib/containerd/* /etc/containerd /opt/cni /etc/cni /usr/bin/kube* /etc/systemd/system/kubelet* /root/.kube 2>/dev/null
            grep -e /var/lib/kubelet/ -e /run/containerd /proc/mounts
            ps -e -o comm= | grep -e '^kube' -e etcd -e containerd -e registry
            iptables-save | grep -e KUBE- -e CNI-
            grep sealer /etc/hosts
            :
            """));
        Assert.Equal([], (await Lab.PlanAsync(two)).Steps.Select(step => $"{step}: {step.Why}"));

        await Lab.ApplyFullyAsync(installed.Cluster);
        Assert.Equal(4, (await KubectlAsync("get nodes --no-headers")).Split(" Ready ").Length - 1);
        Assert.Equal(3, (await MembersAsync()).Length);
        // Who comes is told before and after.
        Assert.Equal([$"3 {host.Address}", $"4 {host.Address}"], (await LabKubernetes.RunAsync(installed.First, "tail -n 2 /root/told")).TrimEnd('\n').Split('\n'));
    }

    [LinuxFact]
    public async Task Every_API_server_answers_to_a_name_that_the_Clusterfile_gets_though_the_controller_is_killed_and_one_answers_at_any_time()
    {
        const string name = "api.sky.example.com";
        var named = installed.Cluster with { Spec = installed.Cluster.Spec.WithApiServerNames([name]) };
        Assert.Equal(["kubeadm-config", "certificate-renewal", "certificate-renewal", "certificate-renewal", "cluster-state"], (await Lab.PlanAsync(named)).Steps.Select(step => step.Kind));
        await WatchAsync();
        using (var controller = Lab.Controller(named))
        {
            await LabKubernetes.RunAsync(installed.First, "until [ -e /var/lib/sealer/state/sky/kubernetes/certificates.begun ]; do sleep 0.1; done");
            controller.Kill();
            await controller.WaitForExitAsync();
        }

        await Lab.ApplyFullyAsync(named);
        foreach (var plane in Lab.Hosts.Take(3))
            await LabKubernetes.RunAsync(plane, $"openssl s_client -connect {plane.Address}:6443 -CAfile /etc/kubernetes/pki/ca.crt -verify_hostname {name} -verify_return_error < /dev/null > /dev/null 2>&1; ! ls /var/lib/sealer/state/sky/kubernetes/certificates.begun /etc/kubernetes/pki/*.sealer-new 2> /dev/null");
        Assert.Contains(name, await KubectlAsync("-n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration}"), StringComparison.Ordinal);
        Assert.Equal("", await DownAsync());
        Assert.Equal([], (await Lab.PlanAsync(named)).Steps.Select(step => $"{step}: {step.Why}"));
        // Nobody takes names away that another Clusterfile does not say.
        Assert.Equal(["cluster-state"], (await Lab.ApplyFullyAsync(installed.Cluster)).Steps.Select(step => step.Kind));
    }

    [LinuxFact]
    public async Task All_certificates_of_control_planes_are_made_anew_one_after_the_other_and_everything_goes_on_with_them()
    {
        const string tell = "for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do echo \"$f $(openssl x509 -noout -serial -in $f)\"; done; for f in admin controller-manager scheduler; do echo \"$f $(sed -n 's/.*client-certificate-data: //p' /etc/kubernetes/$f.conf | base64 -d | openssl x509 -noout -serial)\"; done";
        var before = new List<string[]>();
        foreach (var plane in Lab.Hosts.Take(3))
            before.Add((await LabKubernetes.RunAsync(plane, tell)).TrimEnd('\n').Split('\n'));
        await WatchAsync();
        var result = await Lab.RenewAsync(installed.Cluster, new CertificateRenewal { IsOfAll = true });
        Assert.Equal(["certificate-renewal", "certificate-renewal", "certificate-renewal"], result.Steps.Select(step => step.Kind));
        Assert.Equal("", await DownAsync());
        foreach (var (plane, old) in Lab.Hosts.Zip(before))
        {
            // Only authorities stay.
            var kept = (await LabKubernetes.RunAsync(plane, tell)).TrimEnd('\n').Split('\n').Intersect(old).Select(line => line.Split(' ')[0]);
            Assert.Equal(["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt", "/etc/kubernetes/pki/etcd/ca.crt"], kept);
            // What etcd shows is the new one too, and its members still know each other.
            await LabKubernetes.RunAsync(plane, "openssl s_client -connect 127.0.0.1:2379 < /dev/null 2> /dev/null | openssl x509 -noout -serial | grep -qx \"$(openssl x509 -noout -serial -in /etc/kubernetes/pki/etcd/server.crt)\"; cmp /root/.kube/config /etc/kubernetes/admin.conf");
        }

        Assert.Equal(3, (await MembersAsync()).Length);
        await KubectlAsync("wait --for=condition=Ready node --all --timeout=60s");
        // Both are led by somebody who may, with the new kubeconfigs.
        await KubectlAsync("create configmap renewed --dry-run=client -o yaml | kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - && kubectl --kubeconfig /etc/kubernetes/admin.conf delete configmap renewed");
        await KubectlAsync("rollout restart deployment/site && kubectl --kubeconfig /etc/kubernetes/admin.conf rollout status deployment/site --timeout=120s");
        Assert.Equal([], (await Lab.PlanAsync(installed.Cluster)).Steps.Select(step => $"{step}: {step.Why}"));
    }

    [LinuxFact]
    public async Task What_is_not_well_in_the_cluster_is_seen_where_it_is_and_nowhere_else()
    {
        await KubectlAsync("-n kube-system wait --for=condition=Ready pod --all --timeout=120s");
        Assert.Empty(await UnwellAsync());
        var (plane, worker) = (Lab.Hosts[1], installed.Worker);
        await SeesAsync(worker, "mv /etc/containerd/certs.d /root/", "mv /root/certs.d /etc/containerd/", $"{worker.Address} RegistryPull Failed");
        await SeesAsync(worker, "iptables -I OUTPUT -p tcp -d $(getent ahostsv4 apiserver.cluster.local | head -n 1 | cut -d ' ' -f 1) --dport 6443 -j REJECT", "iptables -D OUTPUT 1", $"{worker.Address} ApiBalancer Failed");
        await SeesAsync(worker, $"iptables -I OUTPUT -p tcp -d {plane.Address} --dport 10250 -j REJECT", "iptables -D OUTPUT 1", $"{worker.Address} NodePairs Failed");
        await SeesAsync(worker, "iptables -t raw -I OUTPUT -d 10.96.0.10 -j DROP", "iptables -t raw -D OUTPUT 1", $"{worker.Address} ClusterDns Failed");
        await SeesAsync(worker, "openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout /etc/kubernetes/pki/soon.key -out /etc/kubernetes/pki/soon.crt -subj /CN=soon 2> /dev/null", "rm /etc/kubernetes/pki/soon.*", $"{worker.Address} Certificates Warning");
        await SeesAsync(installed.First, $"kubectl --kubeconfig /etc/kubernetes/admin.conf cordon {worker.Name}", $"kubectl --kubeconfig /etc/kubernetes/admin.conf uncordon {worker.Name}", $"{worker.Address} NodeReady Warning");
    }

    [LinuxFact]
    public async Task Without_its_first_control_plane_the_worker_goes_on_and_the_cluster_is_written_to()
    {
        await installed.First.KillAsync();
        try
        {
            await LabKubernetes.RunAsync(installed.Worker, "until kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout 2s get node $(hostname) > /dev/null 2>&1; do sleep 0.2; done");
            await LabKubernetes.KubectlAsync(Lab.Hosts[1], "--request-timeout 30s create configmap after-death");
            await LabKubernetes.RunAsync(installed.Worker, "crictl rmi sea.hub:5000/library/haproxy:3.0-alpine > /dev/null 2>&1; until crictl pull sea.hub:5000/library/haproxy:3.0-alpine > /dev/null 2>&1; do sleep 0.2; done");
            // Who plans meanwhile sees the dead host, and nothing to do on the others.
            var plan = await Lab.PlanAsync(installed.Cluster);
            Assert.Equal([installed.First.Address.ToString()], plan.Hosts.Where(host => host.Unreachable is not null).Select(host => host.Name));
            Assert.Equal([], plan.Steps.Select(step => $"{step}: {step.Why}"));
        }
        finally
        {
            await installed.First.StartAsync();
            await LabKubernetes.RunAsync(installed.First, "until kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz > /dev/null 2>&1; do sleep 0.5; done");
            await KubectlAsync("wait --for=condition=Ready node --all --timeout=180s");
            await KubectlAsync("delete configmap after-death --ignore-not-found");
        }
    }

    private async Task SeesAsync(LabHost host, string breaks, string mends, params string[] seen)
    {
        await LabKubernetes.RunAsync(host, breaks);
        try
        {
            var unwell = await UnwellAsync();
            Assert.Equal(seen.Order(StringComparer.Ordinal), unwell.Order(StringComparer.Ordinal));
        }
        finally
        {
            await LabKubernetes.RunAsync(host, mends);
        }
    }

    private async Task<string[]> UnwellAsync()
    {
        await using var hosts = ClusterHosts.Of(installed.Cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var results = await ClusterCheckup.RunAsync(installed.Cluster.Name, installed.Cluster.Spec, address => hosts[address]);
        // What was asked for was asked: nothing is left out.
        Assert.Equal(14, results.Select(result => result.Check).Distinct().Count());
        return [.. results.Where(result => result.Status != HostCheckStatus.Passed).Select(result => $"{result.Host} {result.Check} {result.Status}")];
    }

    // On the worker, until it is told to end: whenever none of the API servers answers, that is written down.
    private Task WatchAsync() => LabKubernetes.RunAsync(installed.Worker, $$"""
        rm -f /run/watch.*; : > /run/watch.down
        cat > /run/watch.sh <<'END'
        until [ -e /run/watch.end ]; do
            ok=; for s in {{string.Join(' ', Lab.Hosts.Take(3).Select(host => host.Address))}}; do
                kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server https://$s:6443 --request-timeout 3s get --raw /readyz > /dev/null 2>&1 && ok=1 && break
            done
            [ -n "$ok" ] && echo . >> /run/watch.up || date >> /run/watch.down
            sleep 0.1
        done
        : > /run/watch.ended
        END
        setsid sh /run/watch.sh > /dev/null 2>&1 < /dev/null &
        """);

    private Task<string> DownAsync() => LabKubernetes.RunAsync(installed.Worker, ": > /run/watch.end; until [ -e /run/watch.ended ]; do sleep 0.1; done; [ -s /run/watch.up ] || echo 'nothing was seen'; cat /run/watch.down");

    private async Task<string[]> MembersAsync() => (await KubectlAsync(
        $"-n kube-system exec etcd-{installed.First.Name} -- etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key member list")).TrimEnd('\n').Split('\n');

    private Task<string> KubectlAsync(string words) => LabKubernetes.KubectlAsync(installed.First, words);
}
