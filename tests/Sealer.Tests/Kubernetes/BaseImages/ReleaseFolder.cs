using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Sealer.Images;
using Sealer.Kubernetes;
using Sealer.Kubernetes.BaseImages;

namespace Sealer.Tests.Kubernetes.BaseImages;

/// <summary>A folder with upstream's files at their addresses: small stand-ins, or what is put over them.</summary>
internal sealed class ReleaseFolder
{
    public const string Manifest = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: net}\nspec: {template: {spec: {containers: [{name: net, image: quay.io/net/node:v1}]}}}\n";

    private readonly string _folder;

    public ReleaseFolder(string folder, string kubernetes, params string[] architectures)
    {
        _folder = folder;
        var version = KubernetesVersion.Parse(kubernetes);
        var versions = BaseImageVersions.Of(version);
        foreach (var architecture in architectures.Length == 0 ? ["amd64"] : architectures)
        {
            foreach (var file in ReleaseFile.Of(version, versions, architecture))
            {
                Files[file.Target] = file;
                Put(file, file.Name.EndsWith("gz", StringComparison.Ordinal) ? Pack(($"bin/{file.Name}", Script(file.Name))) : Script(file.Name + architecture));
            }

            Files["bin/helm"] = ReleaseFile.Helm(versions, architecture);
            Put(Files["bin/helm"], Pack(($"linux-{architecture}/LICENSE", "x"u8.ToArray()), ($"linux-{architecture}/helm", Script("helm" + architecture))));
        }
    }

    /// <summary>The files of the last architecture by their place in the image.</summary>
    public Dictionary<string, ReleaseFile> Files { get; } = [];

    public string PathOf(string address) => Path.Combine(_folder, address);

    /// <summary>Lays a file there, with the list of its digest as upstream writes that.</summary>
    public void Put(ReleaseFile file, byte[] content)
    {
        Write(file.Address, content);
        var sum = Digest.Of(content).Hex;
        if (!file.Checksums!.EndsWith(".sha256sum", StringComparison.Ordinal))
        {
            Write(file.Checksums, Encoding.ASCII.GetBytes(sum));
            return;
        }

        var list = PathOf(file.Checksums);
        var others = File.Exists(list) ? File.ReadAllLines(list).Where(line => !line.EndsWith("*" + file.Name, StringComparison.Ordinal)) : [new string('0', 64) + "  another"];
        Write(file.Checksums, Encoding.ASCII.GetBytes(string.Join('\n', [.. others, $"{sum} *{file.Name}", ""])));
    }

    public static byte[] Script(string says) => Encoding.ASCII.GetBytes($"#!/bin/sh\necho {says}\n");

    public static byte[] Pack(params (string Name, byte[] Content)[] files)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var (name, content) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
                {
                    Mode = (UnixFileMode)0x1ED, // 0755
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = new MemoryStream(content),
                });
            }
        }

        return packed.ToArray();
    }

    private void Write(string address, byte[] content)
    {
        var path = PathOf(address);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
    }
}
