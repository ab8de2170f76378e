using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Images.Storage;
using Sealer.Labs;
using Sealer.Planning;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>
/// A day on which something is wrong with hosts: a cluster of its own on the shared hosts, delivered by the whole chain
/// (Clusterfile, plan, lock, journal, sshd), what must hold after it, and the hosts as they were in the end.
/// </summary>
internal sealed class UnhappyDay : IAsyncDisposable
{
    /// <summary>So slow that there is a middle of a copy.</summary>
    public const long SlowUplink = 6_000_000;

    private readonly UnhappyLab _lab;
    private readonly TemporaryFolder _folder = new();
    private readonly List<(LabHost Host, string Script)> _mends = [];

    /// <param name="lab">The hosts.</param>
    /// <param name="name">The cluster's.</param>
    public UnhappyDay(UnhappyLab lab, string name)
    {
        (_lab, Name) = (lab, name);
        File.Copy(lab.Lab.KnownHostsPath, KnownHosts);
        File.WriteAllText(_folder["ssh_config"], $"""
            UserKnownHostsFile {KnownHosts}
            GlobalKnownHostsFile none
            IdentityAgent none
            ServerAliveInterval 1
            ServerAliveCountMax 8
            """);
        Write();
    }

    /// <summary>The cluster's name.</summary>
    public string Name { get; }

    public IReadOnlyList<LabHost> Hosts => _lab.Hosts;

    /// <summary>The controller's file of known hosts.</summary>
    public string KnownHosts => _folder["known_hosts"];

    /// <summary>The controller's folder.</summary>
    public string Folder => _folder.Path;

    public string Rootfs => $"/var/lib/sealer/data/{Name}/rootfs";

    public DeliveryOptions Options { get; set; } = new();

    public ImageContentOptions Content { get; set; } = new() { Patience = TimeSpan.FromSeconds(3) };

    private string State => $"/var/lib/sealer/data/{Name}/.sealer-rootfs";

    /// <summary>The address of a host by its number, as plans and errors call it.</summary>
    public string At(int host) => Hosts[host].Address.ToString();

    /// <summary>Writes the Clusterfile.</summary>
    /// <param name="ssh">What it says of single hosts, by their numbers.</param>
    /// <param name="login">What it says of the others.</param>
    public void Write(IReadOnlyDictionary<int, string>? ssh = null, string? login = null)
    {
        var hosts = string.Concat(Hosts.Select((host, i) =>
            $"  - ips: [{host.Address}]\n    roles: [{(i < 2 ? "master" : "node")}]\n{(ssh?.TryGetValue(i, out var own) == true ? $"    ssh: {{ {own} }}\n" : "")}"));
        File.WriteAllText(_folder["Clusterfile"], $$"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: { name: {{Name}} }
            spec:
              image: skyline:v1
              env: [Answer=42]
              hostAliases:
              - ip: 10.9.9.9
                hostnames: [registry.{{Name}}]
              ssh: { user: deploy, {{login ?? $"pk: {Hosts[0].KeyPath}"}}, sudoPasswd: {{Hosts[0].SudoPassword!.Reveal()}} }
              hosts:
            {{hosts}}
            """);
    }

    /// <summary>Breaks something on a host, as at its keyboard, and notes what mends it at the latest in the end.</summary>
    public async Task BreakAsync(int host, string script, string mend)
    {
        _mends.Add((Hosts[host], mend));
        await OnAsync(host, script);
    }

    /// <summary>Mends all that was broken.</summary>
    public async Task MendAsync()
    {
        foreach (var host in Hosts)
        {
            if (host.State == LabHostState.Stopped)
                await host.StartAsync();
            if (host.State == LabHostState.CutOff)
                await host.ReconnectAsync();
        }

        foreach (var (host, script) in _mends)
        {
            (await host.RunAsync(script)).Require(script);
        }

        _mends.Clear();
    }

    /// <summary>Runs a script on a host as at its keyboard.</summary>
    public async Task<string> OnAsync(int host, string script) => (await Hosts[host].RunAsync(script)).Require(script).Output;

    /// <summary>Connections of a controller that was just started.</summary>
    public ClusterHosts Open(HostAccess? access = null) => Open(_folder.Path, access);

    public async Task<Plan> PlanAsync() => await WithAsync(delivery => delivery.PlanAsync());

    public async Task<PlanResult> CarryOutAsync(Plan plan, IProgress<SealerEvent>? events = null, string home = "home", CancellationToken cancellationToken = default) =>
        await WithAsync(delivery => delivery.CarryOutAsync(plan, cancellationToken), events, home);

    /// <summary>Waits until a file is on a host, as long as something runs.</summary>
    public async Task UntilAsync(int host, string file, Task running)
    {
        while (!running.IsCompleted && (await OnAsync(host, $"ls {file} 2>/dev/null || :")).Length == 0)
            await Task.Delay(50);
        if (running.IsCompleted)
            await running;
    }

    /// <summary>The same command, whatever happened before: a plan of how it is now, carried out.</summary>
    public async Task<(Plan Plan, PlanResult Result)> DeliverAsync(IProgress<SealerEvent>? events = null)
    {
        var plan = await PlanAsync();
        return (plan, await CarryOutAsync(plan, events));
    }

    /// <summary>The same command brings every host where it should be, and then does nothing.</summary>
    public async Task<PlanResult> ConvergesAsync()
    {
        var (plan, result) = await DeliverAsync();
        Assert.All(plan.Hosts, host => Assert.Null(host.Unreachable));
        Assert.True(result.Succeeded, Told(result));
        await HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await PlanAsync()).Steps);
        return result;
    }

    /// <summary>The hosts hold all that they shall, and nothing is left of how it came there.</summary>
    public async Task HoldsAsync(IReadOnlyList<int> hosts)
    {
        foreach (var host in hosts)
        {
            Assert.Equal("answer = 42\n", await OnAsync(host, $"cat {Rootfs}/etc/skyline.conf"));
            Assert.Equal(At(host) + "\n", await OnAsync(host, $"cat {Rootfs}/prepared"));
            Assert.Contains($"registry.{Name}", await OnAsync(host, "cat /etc/hosts"), StringComparison.Ordinal);
        }

        await HoldsNothingHalfAsync(hosts);
    }

    /// <summary>
    /// What is there under its name is whole; no key of a run lets anybody in, no host's key was taken by another host, nothing of
    /// the delivery runs or lies about, and no lock is held.
    /// </summary>
    /// <param name="hosts">The hosts.</param>
    /// <param name="absent">Of these, those that must not have the content at all.</param>
    public async Task HoldsNothingHalfAsync(IReadOnlyList<int> hosts, IReadOnlyList<int>? absent = null)
    {
        foreach (var host in hosts)
        {
            var found = await OnAsync(host, $"""
                if [ -e {Rootfs} ]; then cd {Rootfs} && sha256sum -c --quiet 2>&1 <<'END' | sed 's/^/not whole: /'
                {_lab.Sums}END
                fi
                cd /
                for f in run share/serve share/spool look placed; do [ ! -e {State}/$f ] || echo "left: $f"; done
                for f in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do grep -Hn sealer-transfer "$f" 2>/dev/null; done
                ls /root/.ssh/*.sealer-new /home/*/.ssh/*.sealer-new /root/.ssh/known_hosts* /home/*/.ssh/known_hosts* 2>/dev/null
                for f in /var/lib/sealer/state/{Name}/plugins/*.sh /var/lib/sealer/state/{Name}/plugins/*.run; do [ ! -e "$f" ] || echo "left: $f"; done
                for p in /proc/[0-9]*; do [ $p != /proc/$$ ] || continue; tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -F {State} | sed "s#^#runs: $p #"; done
                t=0; for f in /var/lib/sealer/state/{Name}/lock/[0-9]*; do f=$(basename $f); case $f in *[!0-9]*) continue;; esac; [ $f -gt $t ] && t=$f; done
                [ $t = 0 ] || [ "$(sed -n 5p /var/lib/sealer/state/{Name}/lock/$t)" != held ] || echo 'the lock is held'
                :
                """);
            Assert.True(found.Length == 0, $"{Hosts[host].Name}:\n{found}");
            if (absent?.Contains(host) == true)
                Assert.Equal("", await OnAsync(host, $"ls -d {Rootfs} 2>/dev/null || :"));
        }
    }

    /// <summary>Only steps of one host failed or were not begun, and all others are done. The error tells of it.</summary>
    public SealerException FailedAlone(PlanResult result, int host, string? id, params string[] words)
    {
        Assert.True(result.Steps.All(step => step.Host == At(host) || step.Status is not (StepStatus.Failed or StepStatus.Skipped)), Told(result));
        Assert.True(result.Steps.Any(step => step.Status is StepStatus.Failed), Told(result));
        var error = Assert.IsType<SealerException>(result.Steps.First(step => step.Status == StepStatus.Failed).Error);
        Tells(error.Message, host, words);
        Assert.True(id is null || error.Id == id, error.ToString());
        return error;
    }

    /// <summary>A sentence about a host names it, repeats its words and says what to do, and holds no secret.</summary>
    public void Tells(string? message, int host, params string[] words)
    {
        Assert.NotNull(message);
        foreach (var word in words.Prepend(At(host)))
            Assert.Contains(word, message, StringComparison.Ordinal);
        Assert.DoesNotContain(Hosts[0].Password!.Reveal(), message, StringComparison.Ordinal);
    }

    public static string Told(PlanResult result) => string.Join('\n', result.Steps.Select(step => $"{step} {step.Message}"));

    /// <summary>A controller of a folder: what another process makes of it again.</summary>
    internal static async Task<T> WithAsync<T>(
        string folder, string store, DeliveryOptions options, ImageContentOptions content, IProgress<SealerEvent>? events, string home, Func<ClusterDelivery, Task<T>> action)
    {
        var path = Path.Combine(folder, "Clusterfile");
        var spec = Clusterfile.ReadFile(path).GetSpec();
        var images = ImageStore.Open(store);
        var image = await ImageContent.LoadAsync(spec, images, await UnhappyLab.ImageAsync(images), options: content);
        await using var hosts = ClusterHosts.Of(spec, Access(folder));
        return await action(new ClusterDelivery(new Cluster(spec, path), address => hosts[address], image, new SealerHome(Path.Combine(folder, home)), options, events));
    }

    public async ValueTask DisposeAsync()
    {
        await MendAsync();
        foreach (var host in Hosts)
        {
            (await host.RunAsync(
                $"sed -i '/ sealer-transfer-/d' /home/deploy/.ssh/authorized_keys; rm -rf /var/lib/sealer/data/{Name} /var/lib/sealer/data/.sealer-* /var/lib/sealer/state/{Name} {UnhappyLab.PluginFile}; cat /etc/hosts > /run/h; sed -i /{Name}/d /run/h; cat /run/h > /etc/hosts; rm /run/h"))
                .Require("be as before");
        }

        _folder.Dispose();
    }

    private static HostAccess Access(string folder) => new() { SshConfigFile = Path.Combine(folder, "ssh_config"), ConnectTimeout = TimeSpan.FromSeconds(10) };

    private static ClusterHosts Open(string folder, HostAccess? access) =>
        ClusterHosts.Of(Clusterfile.ReadFile(Path.Combine(folder, "Clusterfile")).GetSpec(), access ?? Access(folder));

    private Task<T> WithAsync<T>(Func<ClusterDelivery, Task<T>> action, IProgress<SealerEvent>? events = null, string home = "home") =>
        WithAsync(_folder.Path, _lab.Store, Options, Content, events, home, action);
}

/// <summary>Does something once, in the middle of the copy to a host: when so many bytes have come there.</summary>
internal sealed class Midway(string host, long bytes, Func<Task> action) : IProgress<SealerEvent>
{
    private int _begun;

    /// <summary>What was done; awaited by the test.</summary>
    public Task Done { get; private set; } = Task.FromException(new InvalidOperationException("The copy never came so far."));

    public void Report(SealerEvent value)
    {
        if (value is StepProgressEvent progress && progress.Step.Host == host && progress.Done >= bytes && Interlocked.Exchange(ref _begun, 1) == 0)
            Done = Task.Run(action);
    }
}
