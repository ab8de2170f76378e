using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Sealer.Images;

namespace Sealer.Tests.Peers;

/// <summary>Debian's buildah with a storage of its own; what it builds is read from an OCI folder.</summary>
internal sealed class Buildah : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-test-buildah-").FullName;
    private int _builds;

    /// <summary>Builds a context; throws with buildah's own words where it fails.</summary>
    public BuiltImage Build(string context, params string[] arguments)
    {
        var name = $"t{++_builds}";
        Run(["build", "--isolation", "chroot", "--layers=false", "-q", "-t", name, .. arguments, context]);
        var layout = Path.Combine(_folder, "oci-" + name);
        Run(["push", "-q", "--disable-compression", name, "oci:" + layout]);
        return new BuiltImage(layout);
    }

    /// <summary>Takes over an image, for example <c>oci:FOLDER</c>, under a name for FROM.</summary>
    public void Pull(string location, string name)
    {
        var id = Run(["pull", "-q", location]).Trim();
        Run(["tag", id, name]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Run(string[] arguments)
    {
        var start = new ProcessStartInfo("buildah", ["--root", Path.Combine(_folder, "s"), "--runroot", Path.Combine(_folder, "r"), "--storage-driver", "vfs", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        var written = output.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, $"buildah {string.Join(' ', arguments)}: {errors}{written}");
        return written;
    }
}

/// <summary>An image in an OCI folder.</summary>
internal sealed class BuiltImage
{
    private readonly string _layout;

    public BuiltImage(string layout)
    {
        _layout = layout;
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(layout, "index.json")));
        Manifest = OciJson.ReadManifest(Blob(Digest.Parse(index.RootElement.GetProperty("manifests")[0].GetProperty("digest").GetString())));
        Config = OciJson.ReadConfig(Blob(Manifest.Config.Digest));
    }

    public ImageManifest Manifest { get; }

    public ImageConfig Config { get; }

    /// <summary>What is in the layers, later ones over earlier ones: path, kind, mode, owner, content or link target.</summary>
    public SortedDictionary<string, string> Files()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var layer in Manifest.Layers)
        {
            using var reader = new TarReader(Open(layer));
            while (reader.GetNextEntry() is { } entry)
            {
                var path = entry.Name.TrimEnd('/');
                var what = entry.EntryType switch
                {
                    TarEntryType.Directory => "folder",
                    TarEntryType.SymbolicLink => "-> " + entry.LinkName,
                    _ => new StreamReader(entry.DataStream ?? Stream.Null).ReadToEnd(),
                };
                files[path] = $"{Convert.ToString((int)entry.Mode, 8)} {entry.Uid}:{entry.Gid} {what}";
            }
        }

        return files;
    }

    private Stream Open(Descriptor layer)
    {
        var content = new MemoryStream(Blob(layer.Digest));
        return layer.MediaType == MediaType.OciLayerGzip ? new GZipStream(content, CompressionMode.Decompress) : content;
    }

    private byte[] Blob(Digest digest) => File.ReadAllBytes(Path.Combine(_layout, "blobs", digest.Algorithm, digest.Hex));
}
