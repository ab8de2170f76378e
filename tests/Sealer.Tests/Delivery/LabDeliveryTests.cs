using System.Security.Cryptography;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Labs;
using Sealer.Planning;
using Sealer.Tests.Labs;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Delivery;

/// <summary>Plans made for and carried out on real hosts, over real sshd.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class LabDeliveryTests(LabFixture fixture) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task An_image_s_content_comes_to_four_hosts_and_then_there_is_nothing_to_do()
    {
        var lab = await fixture.SharedAsync();
        var name = "skyline-" + Guid.NewGuid().ToString("n")[..6];
        var (cluster, content) = await ClusterAsync(name, lab.Hosts);
        await using var hosts = ClusterHosts.Of(cluster.Spec);
        var delivery = Delivery(cluster, content, hosts);
        try
        {
            var plan = await delivery.PlanAsync();
            var result = await delivery.CarryOutAsync(plan);
            Assert.True(result.Succeeded, Told(result));
            var rootfs = cluster.Spec.RootfsFolder;
            foreach (var host in hosts.All)
            {
                Assert.Equal("answer = 42\n", await ReadAsync(host, $"{rootfs}/etc/skyline.conf"));
                Assert.Contains("10.9.9.9 registry.example.com", await ReadAsync(host, "/etc/hosts"), StringComparison.Ordinal);
                Assert.Equal($"{host.Name}\n", await ReadAsync(host, $"{rootfs}/prepared"));
            }

            Assert.Empty((await delivery.PlanAsync()).Steps);

            // A file that was deleted, a unit that was broken, a line that was taken out: just those are mended.
            await RunAsync(hosts.All[1], $"rm {rootfs}/scripts/init.sh");
            await RunAsync(hosts.All[2], $"echo broken > {rootfs}/etc/skyline.service");
            await RunAsync(hosts.All[3], "cat /etc/hosts > /tmp/h; sed -i /registry.example.com/d /tmp/h; cat /tmp/h > /etc/hosts; rm /tmp/h");
            var mending = await delivery.PlanAsync();
            Assert.Equal(
                [(hosts.All[3].Name, "host-aliases"), (hosts.All[1].Name, "content"), (hosts.All[2].Name, "content")],
                mending.Steps.Select(step => (step.Host, step.Kind)));
            Assert.Contains("etc/skyline.service", mending.Steps[2].Why, StringComparison.Ordinal);
            var mended = await delivery.CarryOutAsync(PlanFile.Read(PlanFile.Write(mending), "plan"));
            Assert.True(mended.Succeeded, Told(mended));
            Assert.Equal("[Unit]\nDescription=Skyline\n", await ReadAsync(hosts.All[2], $"{rootfs}/etc/skyline.service"));
            Assert.Empty((await delivery.PlanAsync()).Steps);
        }
        finally
        {
            foreach (var host in hosts.All)
            {
                await RunAsync(host, $"rm -rf /var/lib/sealer/data/{name} /var/lib/sealer/data/.sealer-* /var/lib/sealer/state/{name}; "
                    + "cat /etc/hosts > /tmp/h; sed -i /hostalias-set-by-sealer/d /tmp/h; cat /tmp/h > /etc/hosts; rm /tmp/h");
            }
        }
    }

    // The image is the real sealer's, and so is the form of the Clusterfile; of what it would do, content is all that this image has.
    [GoldenFact]
    public async Task What_sealer_0_11_built_comes_to_hosts_by_a_Clusterfile_of_its_form()
    {
        var lab = await fixture.SharedAsync();
        var name = "golden-" + Guid.NewGuid().ToString("n")[..6];
        var store = ImageStore.Open(_folder["golden"]);
        var archive = Golden.PathOf("sealer-0.11-simple.oci-archive.tar");
        var stored = Assert.Single(await ArchiveImport.ImportAsync(archive, store, new() { Reference = ImageReference.Parse("simple:v1") }, null, default));
        var image = await ClusterImages.LoadAsync(store, stored.Reference, stored.Descriptor, default);
        var spec = Clusterfile.Read($$"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata:
              creationTimestamp: null
              name: {{name}}
            spec:
              containerRuntime: {}
              dataRoot: ""
              hosts:
              - ips:
                - {{lab.Hosts[0].Address}}
                roles:
                - master
                ssh: {}
              - ips:
                - {{lab.Hosts[1].Address}}
                roles:
                - node
                ssh: {}
              image: simple:v1
              registry: {}
              ssh:
                encrypted: false
                pk: {{lab.Hosts[0].KeyPath}}
                port: "22"
                user: root
            status: {}
            """).GetSpec();
        spec = spec.WithSsh(ssh => ssh with { HostKeyFingerprints = [.. lab.Hosts.Select(host => host.HostKeyFingerprint)] });
        await using var hosts = ClusterHosts.Of(spec, new HostAccess { SshConfigFile = "none" });
        var delivery = Delivery(new Cluster(spec), await ImageContent.LoadAsync(spec, store, image), hosts);
        try
        {
            var plan = await delivery.PlanAsync();
            Assert.Equal(2, plan.Steps.Count);
            var result = await delivery.CarryOutAsync(plan);
            Assert.True(result.Succeeded, Told(result));
            using var wanted = new TemporaryFolder();
            await Peer.RunAsync("sh", "-c", $"mkdir {wanted["image"]} {wanted["rootfs"]} && tar -xf {archive} -C {wanted["image"]} && for layer in {string.Join(' ', image.Layers.Select(layer => $"{wanted["image"]}/blobs/sha256/{layer.Digest.Hex}"))}; do tar -xf $layer -C {wanted["rootfs"]}; done");
            const string list = "find . -mindepth 1 -printf '%y %#m %U:%G %p %l\n' | sort; find . -type f | sort | xargs sha256sum";
            var expected = await Peer.RunAsync("sh", "-c", $"cd {wanted["rootfs"]} && {list}");
            Assert.Contains("./bin/kubeadm", expected, StringComparison.Ordinal);
            foreach (var host in hosts.All)
                Assert.Equal(expected, await RunAsync(host, $"cd {spec.RootfsFolder} && {{ {list}; }}"));
            Assert.Empty((await delivery.PlanAsync()).Steps);
        }
        finally
        {
            foreach (var host in hosts.All)
                await RunAsync(host, $"rm -rf /var/lib/sealer/data/{name} /var/lib/sealer/data/.sealer-* /var/lib/sealer/state/{name}");
        }
    }

    [LinuxFact]
    public async Task Hosts_behind_a_jump_host_get_all_that_others_get_and_feed_each_other()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 3, JumpHost = true });
        var (cluster, content) = await ClusterAsync("skyline", own.Hosts, RandomNumberGenerator.GetBytes(24 << 20));
        // Nothing but what the Clusterfile says is known of them.
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var delivery = Delivery(cluster, content, hosts);
        var result = await delivery.CarryOutAsync(await delivery.PlanAsync());
        Assert.True(result.Succeeded, Told(result));
        Assert.Contains(result.Steps.Where(step => step.Kind == "content"), step => own.Hosts.Any(host => step.Output.Contains($"from {host.Address}", StringComparison.Ordinal)));
        foreach (var host in hosts.All)
        {
            Assert.Equal("answer = 42\n", await ReadAsync(host, $"{cluster.Spec.RootfsFolder}/etc/skyline.conf"));
            Assert.Equal("", await RunAsync(host, "grep -rs sealer ~/.ssh/authorized_keys || :"));
        }

        Assert.Empty((await delivery.PlanAsync()).Steps);
        Assert.Empty((await own.Lab.JumpHost!.RunAsync("ls -A /var/lib/sealer")).Output);

        // Another key than the one that is known is nobody's way.
        var forged = cluster with { Spec = cluster.Spec.WithSsh(ssh => ssh with { JumpHostKeyFingerprints = [own.Hosts[0].HostKeyFingerprint] }) };
        await using var refused = ClusterHosts.Of(forged.Spec, new HostAccess { SshConfigFile = "none" });
        var error = await Assert.ThrowsAsync<SealerException>(() => refused.All[0].RunAsync(new HostCommand("true")));
        Assert.Equal("HostKeyNotAsGiven", error.Id);
    }

    [LinuxFact]
    public async Task No_other_user_of_a_host_sees_a_secret_while_commands_and_plugins_run_there()
    {
        const string marker = "Skagerrak-0815-Kattegat";
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2, User = "ops" });
        var lab = own.Hosts[0];
        Assert.True((await lab.RunAsync("""
            useradd --create-home watcher
            cat > /home/watcher/watch.sh <<'S'
            n=0
            while [ ! -e /tmp/over ]; do
                grep -aFl -f /home/watcher/secrets /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | while read -r f; do
                    echo "$f $(tr '\0' ' ' < "${f%/*}/cmdline")"
                done >> /home/watcher/seen
                find / /tmp /run /dev/shm -xdev -newer /home/watcher/secrets -type f -readable ! -path '/proc/*' ! -path '/sys/*' ! -path '/home/watcher/*' -exec grep -aFl -f /home/watcher/secrets {} + >> /home/watcher/seen 2>/dev/null
                n=$((n+1)); echo $n > /home/watcher/rounds.new; mv /home/watcher/rounds.new /home/watcher/rounds
            done
            S
            echo 0 > /home/watcher/rounds; chmod 644 /home/watcher/rounds; chmod 755 /home/watcher; touch /home/watcher/seen
            """)).Succeeded);
        await File.WriteAllTextAsync(_folder["secrets"], $"{marker}\n{lab.Password!.Reveal()}\n");
        File.Copy(_folder["secrets"], Path.Combine(lab.Folder, "upper", "home", "watcher", "secrets"));
        Assert.True((await lab.RunAsync("chown -R watcher: /home/watcher; touch /home/watcher/secrets; setsid setpriv --reuid=watcher --regid=watcher --clear-groups sh /home/watcher/watch.sh > /dev/null 2>&1 < /dev/null &")).Succeeded);

        // It is done when the watcher has looked at everything three times meanwhile.
        const string watched = "n=$(cat /home/watcher/rounds); while [ \"$(cat /home/watcher/rounds)\" -lt $((n+3)) ]; do sleep 0.1; done";
        var (cluster, content) = await ClusterAsync("skyline", own.Hosts, extra: $"""

            ---
            apiVersion: sealer.io/v1
            kind: Plugin
            metadata: {"{ name: watched }"}
            spec:
              type: SHELL
              action: pre-init-host
              scope: master
              data: |
                {watched}
                echo "$DbPassword" | tr a-z A-Z
            """);
        cluster = cluster with { Spec = cluster.Spec with { Environment = [.. cluster.Spec.Environment, new EnvironmentVariable("DbPassword", Secret.Of(marker))] } };
        cluster = cluster with { Spec = cluster.Spec.WithSsh(ssh => ssh with { SudoPassword = lab.SudoPassword }) };
        await using var hosts = ClusterHosts.Of(cluster.Spec);
        var delivery = Delivery(cluster, content, hosts);
        var result = await delivery.CarryOutAsync(await delivery.PlanAsync());
        Assert.True(result.Succeeded, Told(result));
        Assert.Contains(marker.ToUpperInvariant(), result.Steps.Single(step => step.What.Contains("watched", StringComparison.Ordinal)).Output, StringComparison.Ordinal);
        var command = new HostCommand(watched) { Elevated = true, Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of(marker) } };
        Assert.True((await hosts.All[0].RunAsync(command)).Succeeded);
        Assert.Equal("", (await lab.RunAsync("cat /home/watcher/seen")).Output);

        // The watcher is not blind.
        await lab.RunAsync($"cp /home/watcher/secrets /tmp/shown; chmod 644 /tmp/shown; {watched}; touch /tmp/over");
        Assert.Contains("/tmp/shown", (await lab.RunAsync("cat /home/watcher/seen")).Output, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_host_that_is_cut_off_fails_alone_and_the_next_control_plane_has_the_lock_when_the_first_is_dead()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 3 });
        var (cluster, content) = await ClusterAsync("skyline", own.Hosts);
        await using (var hosts = ClusterHosts.Of(cluster.Spec))
        {
            var delivery = Delivery(cluster, content, hosts);
            var plan = await delivery.PlanAsync();
            await own.Hosts[2].CutOffAsync();
            var result = await delivery.CarryOutAsync(plan);
            Assert.All(result.Steps, step => Assert.Equal(step.Host == own.Hosts[2].Address.ToString(), step.Status is StepStatus.Failed or StepStatus.Skipped));
            Assert.Contains(own.Hosts[2].Address.ToString(), result.Steps.First(step => step.Status == StepStatus.Failed).Message, StringComparison.Ordinal);
        }

        // It is back, and the first control plane is dead: the plan names the next holder, and mends what is left.
        await own.Hosts[2].ReconnectAsync();
        await own.Hosts[0].KillAsync();
        await using (var hosts = ClusterHosts.Of(cluster.Spec))
        {
            var delivery = Delivery(cluster, content, hosts);
            var plan = await delivery.PlanAsync();
            Assert.Equal(own.Hosts[1].Address.ToString(), plan.LockHost);
            Assert.NotNull(plan.Hosts[0].Unreachable);
            Assert.All(plan.Steps, step => Assert.Equal(own.Hosts[2].Address.ToString(), step.Host));
            var result = await delivery.CarryOutAsync(plan);
            Assert.True(result.Succeeded, Told(result));
        }

        await own.Hosts[0].StartAsync();
        await using var again = ClusterHosts.Of(cluster.Spec);
        Assert.Empty((await Delivery(cluster, content, again).PlanAsync()).Steps);
    }

    private static async Task<string> ReadAsync(IHost host, string path) => await RunAsync(host, $"cat {path}");

    private static async Task<string> RunAsync(IHost host, string script) =>
        (await host.RunAsync(new HostCommand(script) { Elevated = true })).Require(script).Output;

    private static string Told(PlanResult result) => string.Join('\n', result.Steps.Select(step => $"{step} {step.Message}"));

    private ClusterDelivery Delivery(Cluster cluster, IPlanContent content, ClusterHosts hosts) =>
        new(cluster, address => hosts[address], content, new SealerHome(_folder["home"]));

    private async Task<(Cluster Cluster, ImageContent Content)> ClusterAsync(string name, IReadOnlyList<LabHost> hosts, byte[]? large = null, string extra = "")
    {
        var context = Directory.CreateDirectory(_folder["image"]).FullName;
        foreach (var (path, text) in new Dictionary<string, string>
        {
            ["Kubefile"] = "FROM scratch\nCOPY rootfs .\n",
            ["rootfs/etc/skyline.conf.tmpl"] = "answer = {{ .Answer }}\n",
            ["rootfs/etc/skyline.service"] = "[Unit]\nDescription=Skyline\n",
            ["rootfs/scripts/init.sh"] = "echo init\n",
            ["rootfs/plugins/prepare.yaml"] =
                "apiVersion: sealer.io/v1\nkind: Plugin\nmetadata: { name: prepare }\nspec:\n  type: SHELL\n  action: pre-init-host\n  scope: master|node\n  data: echo $HostIP > prepared\n",
        })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(context, path))!);
            File.WriteAllText(Path.Combine(context, path), text);
        }

        if (large is not null)
            await File.WriteAllBytesAsync(Path.Combine(context, "rootfs/large"), large);
        var store = ImageStore.Open(_folder["store"]);
        var image = await new ClusterImageBuilder(store, _ => throw new NotSupportedException(), null).BuildAsync(
            new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse("skyline:v1")] }, default);
        var planes = (hosts.Count + 1) / 2;
        var text2 = $"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: {'{'} name: {name} {'}'}
            spec:
              image: skyline:v1
              env: [Answer=42]
              hostAliases:
              - ip: 10.9.9.9
                hostnames: [registry.example.com]
              ssh:
                user: {hosts[0].User}
                pk: {hosts[0].KeyPath}
                hostKeys: [{string.Join(", ", hosts.Select(host => $"'{host.HostKeyFingerprint}'"))}]
              hosts:
              - ips: [{string.Join(", ", hosts.Take(planes).Select(host => host.Address))}]
                roles: [master]
              - ips: [{string.Join(", ", hosts.Skip(planes).Select(host => host.Address))}]
                roles: [node]
            """;
        if (hosts[0].ProxyJump is { } jump)
            text2 = text2.Replace("  ssh:\n", $"  ssh:\n    proxyJump: {jump}\n    jumpHostKeys: ['{hosts[0].JumpHostKeyFingerprint}']\n", StringComparison.Ordinal);
        var spec = Clusterfile.Read(text2 + extra).GetSpec();
        return (new Cluster(spec), await ImageContent.LoadAsync(spec, store, image));
    }
}
