using System.Diagnostics;

namespace Sealer.Tests.Peers;

/// <summary>Tools of others that tests of the tier <c>parts</c> run against.</summary>
internal static class Peer
{
    private static readonly Dictionary<string, string> Packages = new()
    {
        ["buildah"] = "buildah",
        ["bzip2"] = "bzip2",
        ["containerd"] = "containerd",
        ["crun"] = "crun",
        ["ctr"] = "containerd",
        ["docker-registry"] = "docker-registry",
        ["htpasswd"] = "apache2-utils",
        ["openssl"] = "openssl",
        ["podman"] = "podman",
        ["runc"] = "runc",
        ["skopeo"] = "skopeo",
        ["umoci"] = "umoci",
        ["xz"] = "xz-utils",
        ["zstd"] = "zstd",
    };

    /// <summary>Finds a tool. A tier that cannot run has failed, so that a missing one fails the test.</summary>
    /// <returns>The program's path.</returns>
    public static string Require(string tool)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var path = Path.Combine(folder, tool);
            if (File.Exists(path))
                return path;
        }

        throw new InvalidOperationException(
            $"'{tool}' is not installed and this test needs it. On Debian: apt-get install -y {Packages.GetValueOrDefault(tool, tool)}");
    }

    /// <summary>Runs a tool to its end.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; with all that it wrote.</exception>
    public static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Require(tool), arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"{tool} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await errors}");
    }
}
