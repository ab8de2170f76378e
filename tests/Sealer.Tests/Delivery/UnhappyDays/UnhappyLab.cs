using System.Security.Cryptography;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Labs;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>
/// Four hosts on which bad days happen one after the other, each mended in its end; who logs in needs a password for sudo. And a
/// small image, with files, a template and a plugin that does what a host's file <see cref="PluginFile"/> says.
/// </summary>
public sealed class UnhappyLab : IAsyncLifetime
{
    /// <summary>What the plugin runs on a host where it is there.</summary>
    public const string PluginFile = "/srv/plugin.sh";

    /// <summary>Bytes of the larger files, which take a while at <see cref="UnhappyDay.SlowUplink"/>.</summary>
    public const int Large = 9_000_000;

    private readonly TemporaryFolder _folder = new();

    private OwnLab _own = null!;

    public ClusterLab Lab => _own.Lab;

    public IReadOnlyList<LabHost> Hosts => _own.Hosts;

    /// <summary>Where the image is.</summary>
    public string Store => _folder["store"];

    /// <summary>The files of the image that are on hosts as they are in it, as sha256sum tells them.</summary>
    public string Sums { get; private set; } = "";

    public async Task InitializeAsync()
    {
        var making = LabFixture.NewAsync(new LabOptions { Count = 4, User = "deploy" });
        try
        {
            await BuildAsync();
        }
        finally
        {
            _own = await making;
        }
    }

    public async Task DisposeAsync()
    {
        await _own.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The image in the store.</summary>
    internal static Task<ClusterImage> ImageAsync(ImageStore store) => ClusterImages.LoadAsync(store, ImageReference.Parse("skyline:v1"), default);

    private async Task BuildAsync()
    {
        var context = Directory.CreateDirectory(_folder["image"]).FullName;
        var files = new Dictionary<string, byte[]>
        {
            ["Kubefile"] = "FROM scratch\nCOPY rootfs .\n"u8.ToArray(),
            ["rootfs/etc/skyline.conf.tmpl"] = "answer = {{ .Answer }}\n"u8.ToArray(),
            ["rootfs/plugins/prepare.yaml"] = System.Text.Encoding.UTF8.GetBytes(
                $"apiVersion: sealer.io/v1\nkind: Plugin\nmetadata: {{ name: prepare }}\nspec:\n  type: SHELL\n  action: pre-init-host\n  scope: master|node\n"
                + $"  data: |\n    if [ -e {PluginFile} ]; then . {PluginFile}; fi\n    echo $HostIP >> prepared\n"),
        };
        foreach (var (name, size) in Enumerable.Range(0, 30).Select(i => ($"rootfs/etc/many-{i}", 2_000)).Append(("rootfs/bin/large", Large)).Append(("rootfs/bin/later", Large / 3)))
            files[name] = RandomNumberGenerator.GetBytes(size);
        foreach (var (path, bytes) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(context, path))!);
            await File.WriteAllBytesAsync(Path.Combine(context, path), bytes);
        }

        await new ClusterImageBuilder(ImageStore.Open(Store), _ => throw new NotSupportedException(), null).BuildAsync(
            new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse("skyline:v1")] }, default);
        Sums = string.Concat(files.Where(file => file.Key.StartsWith("rootfs/", StringComparison.Ordinal))
            .Select(file => $"{Convert.ToHexString(SHA256.HashData(file.Value)).ToLowerInvariant()}  {file.Key["rootfs/".Length..]}\n"));
    }
}

/// <summary>The collection of the tests that share the hosts of bad days.</summary>
[CollectionDefinition(Name)]
public sealed class UnhappyCollection : ICollectionFixture<UnhappyLab>
{
    public const string Name = "unhappy";
}
