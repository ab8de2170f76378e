using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sealer.Images;
using Sealer.Kubernetes;
using Sealer.Kubernetes.BaseImages;

namespace Sealer.Tests.Peers;

/// <summary>A real Kubernetes, of Debian's source: <c>tests/kubernetes.sh</c> makes it, and keeps it in the cache of the tests.</summary>
internal sealed class RealKubernetes
{
    /// <summary>The version that there always is.</summary>
    public const string Version = "v1.20.2";

    private static readonly ConcurrentDictionary<string, Lazy<Task<RealKubernetes>>> Known = new(StringComparer.Ordinal);

    private readonly string _version;

    private RealKubernetes(string version, string folder) => (_version, Folder) = (version, folder);

    /// <summary>What the script made.</summary>
    public string Folder { get; }

    /// <summary>An OCI layout with images for the tests' own use, as it is named to a build: busybox.</summary>
    public string MoreImages => $"oci:{Folder}/more-images";

    /// <summary>What is made already; where it is not, it is made, which takes some ten minutes.</summary>
    /// <param name="version">Any patch of 1.20: the same program, which says that it is that.</param>
    public static Task<RealKubernetes> GetAsync(string version = Version) =>
        Known.GetOrAdd(version, name => new Lazy<Task<RealKubernetes>>(() => MakeAsync(name))).Value;

    /// <summary>kubeadm: that which SEALER_KUBEADM names, else the one that was made.</summary>
    public static async Task<string> KubeadmAsync() =>
        Environment.GetEnvironmentVariable("SEALER_KUBEADM") is { Length: > 0 } named ? named : (await GetAsync()).Program("kubeadm");

    /// <summary>The path of kubeadm, kubelet or kubectl.</summary>
    public string Program(string name) =>
        Path.Combine(Folder, "releases", "dl.k8s.io", "release", _version, "bin", "linux", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64", name);

    /// <summary>How <see cref="BaseImageBuilder"/> makes a base image of it.</summary>
    public async Task<BaseImageOptions> OptionsAsync(ImageReference tag)
    {
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "base-image.json")));
        var parameters = document.RootElement;
        return new BaseImageOptions
        {
            Kubernetes = KubernetesVersion.Parse(Text("KubernetesVersion")),
            Tag = tag,
            Source = Text("Source"),
            Network = Enum.Parse<BaseImageNetwork>(Text("Network")),
            NetworkManifest = Text("NetworkManifest"),
            ImageArchives = [.. parameters.GetProperty("ImageArchive").EnumerateArray().Select(archive => archive.GetString()!)],
            Versions = new BaseImageVersions
            {
                Containerd = Text("ContainerdVersion"),
                Runc = Text("RuncVersion"),
                Crictl = Text("CrictlVersion"),
                CniPlugins = Text("CniPluginsVersion"),
                Helm = Text("HelmVersion"),
                Registry = Text("RegistryVersion"),
            },
        };

        string Text(string name) => parameters.GetProperty(name).GetString()!;
    }

    private static async Task<RealKubernetes> MakeAsync(string version)
    {
        var script = Path.Combine(Root(), "tests", "kubernetes.sh");
        using var process = Process.Start(new ProcessStartInfo("bash", [script, version]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var folder = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return new RealKubernetes(version, folder);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Sealer.PowerShell.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the clone, and tests/kubernetes.sh is not found.");
        return folder.FullName;
    }
}
