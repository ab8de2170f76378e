using System.Diagnostics;

namespace Sealer.Tests.Peers;

/// <summary>Debian's containerd with folders and a socket of its own; needs root. Runs no container.</summary>
internal sealed class Containerd : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Process _process = new();

    private string Socket => _folder["s"];

    public static async Task<Containerd> StartAsync()
    {
        var containerd = new Containerd();
        var config = containerd._folder["config.toml"];
        await File.WriteAllTextAsync(
            config,
            $"version = 2\nroot = '{containerd._folder["root"]}'\nstate = '{containerd._folder["state"]}'\n"
            + "disabled_plugins = ['io.containerd.grpc.v1.cri', 'io.containerd.snapshotter.v1.aufs', 'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.devmapper', 'io.containerd.snapshotter.v1.zfs', 'io.containerd.internal.v1.opt']\n"
            + $"[grpc]\n  address = '{containerd.Socket}'\n");
        containerd._process.StartInfo = new ProcessStartInfo("containerd", ["--config", config]) { RedirectStandardError = true, RedirectStandardOutput = true };
        containerd._process.Start();
        _ = containerd._process.StandardOutput.ReadToEndAsync();
        var errors = containerd._process.StandardError.ReadToEndAsync();
        for (var attempt = 0; !File.Exists(containerd.Socket); attempt++)
        {
            Assert.False(containerd._process.HasExited, containerd._process.HasExited ? await errors : null);
            Assert.True(attempt < 200, "containerd did not start.");
            await Task.Delay(100);
        }

        return containerd;
    }

    /// <summary>Runs <c>ctr</c> against it.</summary>
    public Task<string> CtrAsync(params string[] arguments) =>
        Peer.RunAsync("ctr", ["--address", Socket, "--namespace", "sealer-test", .. arguments]);

    /// <summary>Pulls an image, content and snapshots.</summary>
    public Task<string> PullAsync(string name, params string[] arguments) =>
        CtrAsync(["images", "pull", "--snapshotter", "native", "--platform", "linux/amd64", .. arguments, name]);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }
}
