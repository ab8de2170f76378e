using Sealer.Delivery;
using Sealer.Labs;
using Sealer.Tests.Labs;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>
/// Three control planes and a worker of one delivery, for all tests that leave them whole: their registry asks for a password, the
/// image has an application of each kind, and plugins tell when they ran.
/// </summary>
public sealed class InstalledCluster(KubernetesFixture kubernetes) : IAsyncLifetime
{
    private const string Kubefile = """
        APP site local://site.yaml
        APP chart local://chart
        APP note local://note.sh
        LAUNCH ["flannel", "site", "chart", "note"]
        """;

    private static readonly Dictionary<string, string> Files = new()
    {
        ["site.yaml"] = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: site}
            spec:
              replicas: 1
              selector: {matchLabels: {app: site}}
              template:
                metadata: {labels: {app: site}}
                spec:
                  nodeSelector: {zone: a}
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: site
                    image: docker.io/library/busybox:@TAG@
                    command: [sh, -c, 'mkdir /www; echo served > /www/index.html; exec httpd -f -h /www -p 8080']
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: site}
            spec:
              type: NodePort
              selector: {app: site}
              ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
            """,
        ["chart/Chart.yaml"] = "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        ["chart/values.yaml"] = "word: first\n",
        ["chart/templates/word.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: word}\ndata: {word: '{{ .Values.word }}'}\n",
        ["note.sh"] = "kubectl get nodes --no-headers | grep -c ' Ready' >> /root/noted\n",
    };

    private LabKubernetes? _lab;
    private PlanResult? _installed;

    /// <summary>The hosts.</summary>
    public LabKubernetes Lab => _lab!;

    /// <summary>The cluster as it was delivered.</summary>
    public Cluster Cluster { get; private set; } = null!;

    /// <summary>What came of the delivery.</summary>
    public PlanResult Installed => _installed!;

    /// <summary>What kubeadm runs on control planes, as it was at once when the delivery had ended.</summary>
    public string Components { get; private set; } = "";

    /// <summary>The control plane that the others joined by.</summary>
    public LabHost First => Lab.Hosts[0];

    /// <summary>The worker.</summary>
    public LabHost Worker => Lab.Hosts[3];

    /// <summary>The cluster with its worker's settings, or with others.</summary>
    public Cluster With(string worker = "labels: {zone: a, tier: gold}, taints: ['gpu=yes:PreferNoSchedule']", int planes = 3) => Lab.Cluster(Lab.Hosts.Take(planes), [], $$"""
          - {ips: [{{Worker.Address}}], roles: [node, db], {{worker}} }
          registry: {localRegistry: {username: ops, password: 's3cret:pass'} }
        ---
        apiVersion: sealer.io/v1
        kind: Plugin
        metadata: {name: told}
        spec:
          type: SHELL
          action: pre-install|pre-init-host|post-init-host|post-install|pre-scaleup|post-scaleup
          scope: master|node
          data: echo "$(kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes --no-headers 2>/dev/null | wc -l) $JoiningHosts" >> /root/told
        """);

    /// <summary>The image, with a chart that says another word, or a site that does something else.</summary>
    public async Task BuildAsync(string word = "first", string? command = null)
    {
        var more = (await RealKubernetes.GetAsync()).MoreImages;
        var tag = System.Text.RegularExpressions.Regex.Match(await File.ReadAllTextAsync(Path.Combine(more["oci:".Length..], "index.json")), "busybox:([^\"]+)").Groups[1].Value;
        await Lab.BuildAsync(Kubefile, Files.ToDictionary(file => file.Key, file => file.Value.Replace("@TAG@", tag, StringComparison.Ordinal).Replace("word: first", $"word: {word}", StringComparison.Ordinal).Replace("exec httpd", command ?? "exec httpd", StringComparison.Ordinal)), more);
    }

    public async Task InitializeAsync()
    {
        _lab = await LabKubernetes.CreateAsync(kubernetes, new LabOptions { Count = 4 });
        await BuildAsync();
        Cluster = With();
        _installed = await Lab.ApplyFullyAsync(Cluster);
        Components = await LabKubernetes.KubectlAsync(First, "-n kube-system get pods -l tier=control-plane --no-headers");
    }

    public async Task DisposeAsync()
    {
        if (_lab is not null)
            await _lab.DisposeAsync();
    }
}
