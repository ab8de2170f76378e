using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sealer.Benchmarks;

/// <summary>
/// Build, save, load, push and pull of one image against Debian's buildah, and of container images against skopeo. Every
/// command starts with a store that does not hold its result; the context lies in the page cache for both.
/// </summary>
internal sealed class ImageRows(string runner, string work, int mebibytes, int runs, Action<string> tell) : IDisposable
{
    private const string Name = "localhost/benchmark:v1";

    private readonly string _context = Path.Combine(work, "context");
    private readonly string _home = Path.Combine(work, "home");
    private readonly string _storage = Path.Combine(work, "containers");
    private readonly List<Process> _servers = [];

    public IEnumerable<Row> Measure()
    {
        tell($"Making a context of {mebibytes} MiB in 4,000 files ...");
        SeededContext.Write(_context, mebibytes * 1024L * 1024, 4000, seed: 20);

        yield return Pair("build", "buildah build", 6,
            Fresh("build", home => $"$null = Build-ClusterImage -Path '{_context}' -Tag {Name}"),
            () => Buildah("build", "--layers=false", "-q", "-t", Name, _context));

        var ourArchive = Path.Combine(work, "ours.tar");
        var gzipArchive = Path.Combine(work, "ours-gzip.tar");
        var theirArchive = Path.Combine(work, "theirs.tar");
        var main = new SealerProcess(runner, _home);
        main.Run($"$null = Build-ClusterImage -Path '{_context}' -Tag {Name}");
        yield return Pair("build, gzip layers", "buildah build", 1,
            Fresh("gzip", home => $"$null = Build-ClusterImage -Path '{_context}' -Tag {Name} -Compression Gzip"),
            () => Buildah("build", "--layers=false", "-q", "-t", Name, _context));
        new SealerProcess(runner, Home("gzip")).Run($"Export-ClusterImage {Name} -Path '{gzipArchive}'");
        Buildah("build", "--layers", "-q", "-t", Name, _context);
        yield return Pair("build again, unchanged", "buildah build --layers", 8,
            () => main.Run($"$null = Build-ClusterImage -Path '{_context}' -Tag {Name}"),
            () => Buildah("build", "--layers", "-q", "-t", Name, _context));

        yield return Pair("save", "buildah push oci-archive", 8,
            () => { File.Delete(ourArchive); return main.Run($"Export-ClusterImage {Name} -Path '{ourArchive}'"); },
            () => { File.Delete(theirArchive); return Buildah("push", "-q", Name, $"oci-archive:{theirArchive}:{Name}"); });
        tell($"Archive: ours {Size(ourArchive)} MiB, gzip {Size(gzipArchive)} MiB, buildah's {Size(theirArchive)} MiB: "
            + FormattableString.Invariant($"{new FileInfo(ourArchive).Length / (double)new FileInfo(theirArchive).Length:f3} times (at most 1.02)"));

        yield return Pair("load", "buildah pull oci-archive", 8,
            Fresh("load", home => $"$null = Import-ClusterImage -Path '{ourArchive}'"),
            () => { Buildah("rmi", "--all", "--force"); return Buildah("pull", "-q", $"oci-archive:{theirArchive}"); });

        var ourRegistry = StartRegistry("registry-ours");
        var theirRegistry = StartRegistry("registry-theirs");
        yield return Pair("push", "buildah push docker", 8,
            () => { Empty("registry-ours"); return main.Run($"$null = Copy-ClusterImage {Name} {ourRegistry}/benchmark:v1; $null = Publish-ClusterImage {ourRegistry}/benchmark:v1 -PlainHttp"); },
            () => { Empty("registry-theirs"); return Buildah("push", "-q", "--tls-verify=false", Name, $"docker://{theirRegistry}/benchmark:v1"); });
        yield return Pair("pull", "buildah pull docker", 8,
            Fresh("pull", home => $"$null = Receive-ClusterImage {ourRegistry}/benchmark:v1 -PlainHttp"),
            () => { Buildah("rmi", "--all", "--force"); return Buildah("pull", "-q", "--tls-verify=false", $"docker://{theirRegistry}/benchmark:v1"); });

        // What the registry itself takes to receive and to give these bytes: no client can be faster.
        var layer = Directory.EnumerateFiles(Path.Combine(_home, "images", "blobs", "sha256")).MaxBy(f => new FileInfo(f).Length)!;
        var blob = $"http://{ourRegistry}/v2/benchmark/blobs/";
        var upload = $"curl -sSf -T {layer} -H 'Content-Type: application/octet-stream' \"$(curl -si -X POST {blob}uploads/ | tr -d '\\r' | sed -n 's/^location: //Ip')&digest=sha256:{Path.GetFileName(layer)}\"";
        yield return Pair("push, beside the registry's own time", "curl -T of the layer", 0.7,
            () => { Empty("registry-ours"); return main.Run($"$null = Publish-ClusterImage {ourRegistry}/benchmark:v1 -PlainHttp"); },
            () => { Empty("registry-ours"); return Measurement.Of("sh", "-c", upload); });
        main.Run($"$null = Publish-ClusterImage {ourRegistry}/benchmark:v1 -PlainHttp");

        foreach (var row in ContainerImages(ourRegistry))
            yield return row;
    }

    public void Dispose()
    {
        foreach (var server in _servers)
        {
            server.Kill();
            server.Dispose();
        }

        Process.Start("buildah", ["--root", _storage, "--runroot", _storage + "-run", "rmi", "--all", "--force"]).WaitForExit();
        Process.Start("umount", ["-q", Path.Combine(_storage, "overlay")]).WaitForExit();
    }

    private IEnumerable<Row> ContainerImages(string registry)
    {
        tell("Making nine container images, three of 50 to 100 MB ...");
        var context = Path.Combine(work, "nine");
        Directory.CreateDirectory(Path.Combine(context, "manifests"));
        File.WriteAllText(Path.Combine(context, "Kubefile"), "FROM scratch\nCOPY manifests manifests\n");
        int[] sizes = [1, 1, 2, 2, 4, 4, 50, 75, 100];
        var names = sizes.Select((size, i) => $"{registry}/nine/image{i}:v1").ToList();
        foreach (var (name, i) in names.Select((n, i) => (n, i)))
        {
            var image = Path.Combine(work, $"image{i}");
            Directory.CreateDirectory(image);
            var content = new byte[sizes[i] * 1_000_000];
            new Random(i).NextBytes(content);
            File.WriteAllBytes(Path.Combine(image, "content"), content);
            File.WriteAllText(Path.Combine(image, "Dockerfile"), "FROM scratch\nCOPY content /\n");
            Buildah("build", "--layers=false", "-q", "-t", name, image);
            Buildah("push", "-q", "--tls-verify=false", name, $"docker://{name}");
        }

        File.WriteAllLines(Path.Combine(context, "manifests/imageList"), names);
        var script = string.Join(" && ", names.Select((n, i) => $"skopeo copy -q --src-tls-verify=false docker://{n} oci:$0:i{i}"));
        var layout = Path.Combine(work, "layout");
        Measurement Skopeo()
        {
            Remove(layout);
            return Measurement.Of("sh", "-c", script, layout);
        }

        var build = $"$null = Build-ClusterImage -Path '{context}' -Tag {Name} -PlainHttp {registry}";
        yield return Pair("build with 9 container images", "skopeo copy", 1, Fresh("nine", home => build), Skopeo);
        yield return Pair("the same in a session", "skopeo copy", 1, () => { Remove(Home("session")); return new SealerProcess(runner, Home("session")).RunTwice(build); }, Skopeo);
    }

    private Row Pair(string what, string peer, double goal, Func<Measurement> ours, Func<Measurement> theirs)
    {
        tell($"Measuring: {what} ...");
        ours();
        var pairs = Enumerable.Range(0, runs).Select(_ => (Ours: ours(), Theirs: theirs())).ToList();
        return new Row(what, peer, Median(pairs.Select(p => p.Ours)), Median(pairs.Select(p => p.Theirs)), goal);

        static Measurement Median(IEnumerable<Measurement> all) => all.OrderBy(m => m.Seconds).ElementAt(all.Count() / 2);
    }

    private Func<Measurement> Fresh(string what, Func<string, string> command) => () =>
    {
        var home = Home(what);
        Remove(home);
        return new SealerProcess(runner, home).Run(command(home));
    };

    private string Home(string what) => Path.Combine(work, "home-" + what);

    private Measurement Buildah(params IEnumerable<string> arguments) =>
        Measurement.Of("buildah", ["--root", _storage, "--runroot", _storage + "-run", .. arguments]);

    private string StartRegistry(string name)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var address = "127.0.0.1:" + ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var config = Path.Combine(work, name + ".yml");
        Empty(name);
        File.WriteAllText(config, $$"""
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage: { filesystem: { rootdirectory: {{Path.Combine(work, name)}} } }
            http: { addr: {{address}} }
            """);
        _servers.Add(Process.Start(new ProcessStartInfo("docker-registry", ["serve", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!);
        for (var i = 0; ; i++)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", int.Parse(address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
                return address;
            }
            catch (SocketException) when (i < 100)
            {
                Thread.Sleep(100);
            }
        }
    }

    private void Empty(string name)
    {
        Remove(Path.Combine(work, name));
        Directory.CreateDirectory(Path.Combine(work, name));
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static long Size(string file) => new FileInfo(file).Length >> 20;
}
