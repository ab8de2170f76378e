using System.Net;
using Sealer.Events;
using Sealer.Hosts;

namespace Sealer.Labs;

/// <summary>
/// Throw-away hosts on this machine (Linux, root): each with an address, a file system, systemd and sshd of its own, in
/// namespaces of the kernel. They are no boundary: root in a host is not far from root on the machine. What keeps a lab is its
/// folder and the kernel, no process of the caller's, so that any process finds and removes it.
/// </summary>
public sealed class ClusterLab
{
    private const int RebootSignal = 34 + 5;

    private readonly LabFolder _home;
    private readonly LabCgroups _cgroups;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile LabRecord _record;

    private ClusterLab(LabFolder home, LabRecord record)
    {
        (_home, _record) = (home, record);
        _cgroups = LabCgroups.OfMachine(record.Id);
        var password = LabSeed.PasswordIn(Folder);
        var jump = record.Hosts.FirstOrDefault(h => h.IsJumpHost);
        JumpHost = jump is null ? null : new LabHost(this, jump, IPAddress.Parse(jump.Address), record.User, null, password);
        Hosts = Listed.Of<LabHost>([.. record.Hosts.Where(h => !h.IsJumpHost).OrderBy(h => h.Number).Select(h => new LabHost(this, h, IPAddress.Parse(h.Address), record.User, JumpHost, password))]);
    }

    /// <summary>Its name.</summary>
    public string Name => _record.Name;

    /// <summary>Where its hosts' files, its key pair and its known host keys are; readable by its owner only.</summary>
    public string Folder => _home.Of(_record.Name);

    /// <summary>Its hosts, the jump host not among them.</summary>
    public IReadOnlyList<LabHost> Hosts { get; }

    /// <summary>The one through which the others are reached; null where they are reached directly.</summary>
    public LabHost? JumpHost { get; }

    /// <summary>The network it has.</summary>
    public IPNetwork Subnet => IPNetwork.Parse(_record.Subnet);

    /// <summary>The address of this machine in it.</summary>
    public IPAddress ControllerAddress => LabAddresses.Of(Subnet, JumpHost is not null).Controller;

    /// <summary>The file of the private key that logs in everywhere.</summary>
    public string KeyPath => Path.Combine(Folder, LabSeed.KeyFile);

    /// <summary>The host keys, in the form of known_hosts.</summary>
    public string KnownHostsPath => Path.Combine(Folder, LabSeed.KnownHostsFile);

    /// <summary>How far it is.</summary>
    public LabState State => _record.State == LabState.Creating && !_home.IsBusy(Name) ? LabState.Incomplete : _record.State;

    /// <summary>What its link into this machine is like.</summary>
    public LinkConditions Uplink => _record.Uplink.ToConditions();

    /// <summary>The name of the network namespace its bridge is in.</summary>
    public string NetworkNamespace => LabNames.Bridge(Id);

    internal string Id => _record.Id;

    internal LabRecord Record => _record;

    internal LabCgroups Cgroups => _cgroups;

    /// <summary>Makes a lab; returns when every host takes logins.</summary>
    /// <param name="options">What it is to be like.</param>
    /// <param name="progress">Told what is done; may be null.</param>
    /// <param name="cancellationToken">Ends it; nothing of it stays.</param>
    /// <exception cref="SealerException">
    /// <c>LabNotSupported</c>, <c>LabNeedsRoot</c>, <c>LabToolMissing</c>, <c>LabOverlayMissing</c>, <c>LabCgroupsMissing</c>,
    /// <c>LabFolderUnfit</c>: the machine; <c>LabNameInvalid</c>, <c>LabUserInvalid</c>, <c>LabCountInvalid</c>,
    /// <c>LabSubnetInvalid</c>, <c>LabLinkInvalid</c>, <c>LabExists</c>, <c>LabSubnetInUse</c>, <c>LabSubnetsUsedUp</c>: the
    /// options; <c>LabSourcesMissing</c>, <c>LabTreeFailed</c>, <c>LabRootFileSystemMissing</c>, <c>LabRootFileSystemUnfit</c>:
    /// the hosts' files; <c>LabHostNotUp</c>, <c>LabStepFailed</c>, <c>LabLinkNotSupported</c>, <c>LabBusy</c>.
    /// </exception>
    public static Task<ClusterLab> CreateAsync(
        LabOptions options, IProgress<SealerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new LabConstruction(options, progress).RunAsync(cancellationToken);
    }

    /// <summary>The labs of a home, by name, those that are half made too.</summary>
    /// <param name="home">The home; null for that of the environment.</param>
    public static IReadOnlyList<ClusterLab> List(SealerHome? home = null)
    {
        var folder = new LabFolder(home ?? SealerHome.FromEnvironment());
        // Without a record nothing but the folder was made, or a removal was cut short when the record was gone.
        return OperatingSystem.IsLinux()
            ? [.. folder.Names().Select(name => new ClusterLab(folder, LabRecord.Read(folder.Of(name)) ?? Nothing(folder, name)))]
            : [];
    }

    /// <summary>The lab of a name.</summary>
    /// <exception cref="SealerException"><c>LabNotFound</c>.</exception>
    public static ClusterLab Find(string name, SealerHome? home = null)
    {
        var labs = List(home);
        return labs.FirstOrDefault(lab => lab.Name == name) ?? throw NotFound(name, labs.Select(lab => lab.Name));
    }

    /// <summary>Removes it: hosts, files, network, everything, also what a process that was killed has made of it.</summary>
    /// <exception cref="SealerException"><c>LabBusy</c>, <c>LabNotFound</c>, <c>LabProcessesStay</c>, <c>LabStepFailed</c>.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken = default)
    {
        LabTools.CheckMachine();
        using var @lock = await _home.LockAsync(Name, cancellationToken).ConfigureAwait(false);
        // Whoever held the lock may have removed it, and even made another of that name.
        if (!Directory.Exists(Folder) || (LabRecord.Read(Folder) ?? Nothing(_home, Name)).Id != Id)
        {
            // Another of that name has its own.
            if (!Directory.Exists(Folder))
                File.Delete(@lock.Name);
            throw NotFound(Name, []);
        }

        await RemoveHeldAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes what the link of a host is like.</summary>
    /// <exception cref="SealerException"><c>LabLinkInvalid</c>, <c>LabLinkNotSupported</c>, <c>LabNotReady</c>, <c>LabStepFailed</c>.</exception>
    public async Task SetLinkAsync(LabHost host, LinkConditions link, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(link);
        link.Check();
        var number = _record.Hosts.First(h => h.Name == host.Name).Number;
        await ChangeAsync(async () =>
        {
            await new LabLinks(_record, Folder, _cgroups).ApplyAsync(number, link, cancellationToken).ConfigureAwait(false);
            return With(number, h => h with { Link = LinkRecord.Of(link) });
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes what the link of this machine into the lab is like. To be called in the network namespace that the lab was made in.</summary>
    /// <exception cref="SealerException"><c>LabLinkInvalid</c>, <c>LabLinkNotSupported</c>, <c>LabNotReady</c>, <c>LabStepFailed</c>.</exception>
    public async Task SetUplinkAsync(LinkConditions link, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(link);
        link.Check();
        await ChangeAsync(async () =>
        {
            await new LabLinks(_record, Folder, _cgroups).ApplyToUplinkAsync(link, cancellationToken).ConfigureAwait(false);
            return _record with { Uplink = LinkRecord.Of(link) };
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The lab of a record that a construction has just made.</summary>
    internal static ClusterLab Of(LabFolder home, LabRecord record) => new(home, record);

    internal static SealerException NotFound(string name, IEnumerable<string> known)
    {
        var near = Spelling.Nearest(name, known);
        return new SealerException(
            "LabNotFound", ErrorKind.NotFound,
            $"There is no lab '{name}'.{(near is null ? "" : $" Is '{near}' meant?")} Get-ClusterLab lists those there are.", name);
    }

    /// <summary>Removes it; the caller holds its lock.</summary>
    internal async Task RemoveHeldAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(Folder, LabRecord.FileName)))
            Keep(_record with { State = LabState.Incomplete });
        await RemoveFromMachineAsync(Id, cancellationToken).ConfigureAwait(false);
        _home.Delete(Name);
        // Last: while the claim stands the lab is found by it, with or without its folder.
        LabClaims.OfMachine.Remove(Id);
    }

    /// <summary>Removes what a lab has of the machine beside its folder.</summary>
    internal static async Task RemoveFromMachineAsync(string id, CancellationToken cancellationToken)
    {
        var cgroups = LabCgroups.OfMachine(id);
        await cgroups.KillAsync(null, cancellationToken).ConfigureAwait(false);
        await LabNetwork.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        await cgroups.RemoveAsync(cancellationToken).ConfigureAwait(false);
    }

    internal LabHostRecord RecordOf(int number) => _record.Hosts.First(h => h.Number == number);

    internal LabHostState StateOf(LabHostRecord host) =>
        State != LabState.Ready ? LabHostState.Incomplete
        : Machine(host).Process is null ? LabHostState.Stopped
        : host.IsCutOff ? LabHostState.CutOff
        : LabHostState.Running;

    internal Task PlugAsync(int number, bool isIn, CancellationToken cancellationToken) => ChangeAsync(async () =>
    {
        // The network of a host outlives it; plugged in, it would answer for one that is off.
        if (!isIn || Machine(RecordOf(number)).Process is not null)
            await new LabNetwork(_record).PlugAsync(RecordOf(number), isIn, cancellationToken).ConfigureAwait(false);
        return With(number, h => h with { IsCutOff = !isIn });
    }, cancellationToken);

    internal async Task RebootAsync(int number, CancellationToken cancellationToken)
    {
        var machine = Machine(RecordOf(number));
        var before = machine.BootId;
        Posix.Kill(machine.RequireProcess(), RebootSignal);
        await machine.WaitUntilUpAsync(before, cancellationToken).ConfigureAwait(false);
    }

    internal async Task KillAsync(int number, CancellationToken cancellationToken)
    {
        CheckReady();
        // First the cable: the kernel closes the connections of what it ends, and nobody is to be told.
        await new LabNetwork(_record).PlugAsync(RecordOf(number), false, cancellationToken).ConfigureAwait(false);
        await _cgroups.KillAsync(RecordOf(number).Name, cancellationToken).ConfigureAwait(false);
    }

    internal async Task StartAsync(int number, CancellationToken cancellationToken)
    {
        CheckReady();
        var machine = Machine(RecordOf(number));
        if (machine.Process is not null)
            return;
        var before = machine.BootId;
        if (!RecordOf(number).IsCutOff)
            await new LabNetwork(_record).PlugAsync(RecordOf(number), true, cancellationToken).ConfigureAwait(false);
        await machine.StartAsync(cancellationToken).ConfigureAwait(false);
        await machine.WaitUntilUpAsync(before, cancellationToken).ConfigureAwait(false);
    }

    internal Task<HostCommandResult> RunInAsync(LabHost host, string script, CancellationToken cancellationToken) =>
        Machine(_record.Hosts.First(h => h.Name == host.Name)).RunAsync(script, cancellationToken);

    internal LabMachine Machine(LabHostRecord host) => new(_record, host, Path.Combine(Folder, host.Name), _cgroups);

    // What the machine still has of it, its claim says; where it never had anything, an id that no lab has stands for it.
    private static LabRecord Nothing(LabFolder home, string name) => new()
    {
        Id = LabClaims.OfMachine.List().FirstOrDefault(claim => claim.Folder == home.Of(name))?.Id ?? "none",
        Name = name,
        State = LabState.Incomplete,
        Subnet = "10.77.0.0/24",
        Tree = "",
        User = "root",
    };

    private LabRecord With(int number, Func<LabHostRecord, LabHostRecord> change) =>
        _record with { Hosts = [.. _record.Hosts.Select(h => h.Number == number ? change(h) : h)] };

    private async Task ChangeAsync(Func<Task<LabRecord>> change, CancellationToken cancellationToken)
    {
        CheckReady();
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var @lock = await _home.LockAsync(Name, cancellationToken).ConfigureAwait(false);
            // Another process may have changed another host's.
            _record = LabRecord.Read(Folder) is { } kept && kept.Id == Id ? kept : throw NotFound(Name, []);
            Keep(await change().ConfigureAwait(false));
        }
        finally
        {
            _changing.Release();
        }
    }

    private void Keep(LabRecord record)
    {
        record.Write(Folder);
        _record = record;
    }

    private void CheckReady()
    {
        if (_record.State == LabState.Ready)
            return;
        throw new SealerException(
            "LabNotReady", ErrorKind.Conflict, $"The lab '{Name}' is not whole. Remove it and make it again: Remove-ClusterLab {Name}", Name);
    }
}
