using Sealer.Hosts;
using Sealer.Hosts.Local;

namespace Sealer.Tests.Delivery;

/// <summary>
/// A host that is a folder: commands run for real, with this machine's shell, and what they name below /var/lib, /etc and
/// /proc lies in the folder, which plugins know as $ROOT. Its clock since it was started stands still until somebody sets it.
/// </summary>
internal sealed class FolderHost : IHost
{
    private static readonly string[] Places =
        ["/var/lib/sealer", "/etc/hosts", "/etc/machine-id", "/etc/kubernetes", "/var/lib/kubelet", "/proc/uptime", "/proc/1/stat", "/proc/sys/kernel/random/boot_id"];

    private readonly LocalHost _local;

    public FolderHost(string name, string folder)
    {
        (Name, Folder, _local) = (name, folder, new LocalHost(name));
        if (Directory.Exists(folder))
            return;
        foreach (var place in Places)
            Directory.CreateDirectory(Path.GetDirectoryName(folder + place)!);
        File.WriteAllText(folder + "/etc/hosts", "127.0.0.1 localhost\n");
        File.WriteAllText(folder + "/etc/machine-id", $"machine-of-{name}\n");
        File.WriteAllText(folder + "/proc/sys/kernel/random/boot_id", "first\n");
        // Scripts of plugins arrive as they are; where they go to is turned here.
        File.WriteAllText(folder + "/start", "cd() { builtin cd \"$ROOT$1\"; }\n");
        (Begun, Uptime) = (0, 1000);
    }

    public string Name { get; }

    public string Folder { get; }

    /// <summary>Asked before a command is run; may throw, as for a host that is cut off.</summary>
    public Func<HostCommand, Task>? Before { get; set; }

    /// <summary>Told when a command has ended.</summary>
    public Action<HostCommand>? After { get; set; }

    public int Commands { get; private set; }

    public int Uptime { set => File.WriteAllText(Folder + "/proc/uptime", $"{value}.25 0.00\n"); }

    /// <summary>When its first process began, in the measure of <see cref="Uptime"/>: 0 but in a container.</summary>
    public int Begun { set => File.WriteAllText(Folder + "/proc/1/stat", $"1 (a) b) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 {value * 100} 1 1\n"); }

    public string BootId { set => File.WriteAllText(Folder + "/proc/sys/kernel/random/boot_id", value + "\n"); }

    public string this[string path]
    {
        get => File.ReadAllText(Folder + path);
        set
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Folder + path)!);
            File.WriteAllText(Folder + path, value);
        }
    }

    public bool Has(string path) => File.Exists(Folder + path);

    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        Commands++;
        if (Before is { } before)
            await before(command);
        var script = Places.Aggregate(command.Script, (text, place) => text.Replace(place, Folder + place, StringComparison.Ordinal));
        script = $"ROOT={Folder}; BASH_ENV={Folder}/start; export ROOT BASH_ENV\n{script}";
        var result = await _local.RunAsync(command with { Script = script, Elevated = false }, cancellationToken);
        After?.Invoke(command);
        return result with { Output = result.Output.Replace(Folder + "/etc/kubernetes", "/etc/kubernetes", StringComparison.Ordinal).Replace(Folder + "/var/lib", "/var/lib", StringComparison.Ordinal) };
    }

    public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) =>
        _local.PutAsync(content, Folder + path, new HostFileOptions { Mode = options?.Mode ?? 0x1A4 }, cancellationToken);

    public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) =>
        _local.GetAsync(Folder + path, target, cancellationToken: cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
