using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Planning;

namespace Sealer.Tests.Delivery;

public sealed class KubernetesImageTests : IDisposable
{
    private const string Apiserver = "registry/docker/registry/v2/repositories/kube-apiserver/_manifests/tags";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_image_without_the_scripts_of_kubernetes_has_none() => Assert.Null(await ReadAsync("", new() { ["scripts/init.sh"] = "" }));

    [Fact]
    public async Task An_image_of_another_runtime_has_none() =>
        Assert.Null(await ReadAsync("LABEL cluster.alpha.sealer.io/cluster-runtime-type=k0s\n", new() { ["scripts/init-kube.sh"] = "" }));

    [Fact]
    public async Task What_it_says_in_labels_and_files_is_read_rendered()
    {
        var image = (await ReadAsync(
            "LABEL cluster.alpha.sealer.io/cluster-runtime-version=v1.28.3 cluster.alpha.sealer.io/container-runtime-type=containerd\n",
            new()
            {
                ["scripts/init-kube.sh"] = "echo\n",
                ["scripts/containerd.sh"] = "echo\n",
                ["statics/audit-policy.yml"] = "kind: Policy\n",
                ["etc/kubeadm.yml.tmpl"] = "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\nimageRepository: {{or .RegistryURL \"sea.hub:5000\"}}\n---\nkind: Other\n",
                [$"{Apiserver}/v1.20.2/current/link"] = "sha256:x",
            }))!;
        Assert.Equal(("v1.28.3", "containerd", true), (image.Version.ToString(), image.Runtime, image.HasAuditPolicy));
        Assert.Equal("sea.hub:5000", Assert.Single(image.Documents).Content["imageRepository"]!.ToString());
        Assert.Equal(["containerd.sh", "init-kube.sh"], image.Scripts.Keys.Order());
        Assert.StartsWith("sha256:", image.Scripts["containerd.sh"], StringComparison.Ordinal);
        Assert.Equal(["v1.20.2"], image.TagsOf("kube-apiserver"));
        Assert.Empty(image.TagsOf("etcd"));
    }

    [Theory]
    [InlineData("Metadata", "{\"kubeVersion\": \"v1.19.8\"}", "v1.19.8")]
    [InlineData(Apiserver + "/v1.22.15/current/link", "sha256:x", "v1.22.15")]
    public async Task Without_a_label_the_version_is_that_of_its_metadata_or_of_its_api_server(string path, string text, string version)
    {
        var image = (await ReadAsync("", new() { ["scripts/init-kube.sh"] = "", [path] = text }))!;
        Assert.Equal((version, "docker"), (image.Version.ToString(), image.Runtime));
    }

    [Fact]
    public async Task An_image_that_does_not_say_its_version_is_refused_with_the_label_to_give()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync("", new() { ["scripts/init-kube.sh"] = "", ["Metadata"] = "not json" }));
        Assert.Equal("KubernetesVersionUnknown", error.Id);
        Assert.Contains("LABEL cluster.alpha.sealer.io/cluster-runtime-version", error.Message, StringComparison.Ordinal);
    }

    private async Task<KubernetesImage?> ReadAsync(string labels, Dictionary<string, string> files)
    {
        var context = Directory.CreateDirectory(_folder["image"]).FullName;
        File.WriteAllText(Path.Combine(context, "Kubefile"), $"FROM scratch\n{labels}COPY rootfs .\n");
        foreach (var (path, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(context, "rootfs", path))!);
            File.WriteAllText(Path.Combine(context, "rootfs", path), text);
        }

        var store = ImageStore.Open(_folder["store"]);
        var image = await new ClusterImageBuilder(store, _ => throw new NotSupportedException(), null).BuildAsync(
            new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse("kube:v1")] }, default);
        var spec = Clusterfile.Read("apiVersion: sealer.io/v2\nkind: Cluster\nmetadata: {name: t}\nspec:\n  image: kube:v1\n  hosts:\n  - {ips: [10.0.0.1], roles: [master]}\n").GetSpec();
        return (await ImageContent.LoadAsync(spec, store, image)).Kubernetes;
    }
}
