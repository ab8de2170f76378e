using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Sealer.Events;

namespace Sealer.Labs;

/// <summary>The making of one lab. What it will have of the machine is written down before any of it is made.</summary>
/// <param name="options">What it is to be like.</param>
/// <param name="progress">Told what is done.</param>
internal sealed class LabConstruction(LabOptions options, IProgress<SealerEvent>? progress)
{
    private const int MostHosts = 200;

    private readonly LabFolder _home = new(options.Home ?? SealerHome.FromEnvironment());

    public async Task<ClusterLab> RunAsync(CancellationToken cancellationToken)
    {
        Check();
        LabTools.CheckMachine();
        SealerHome.CreatePrivateFolder(_home.Path);
        var tree = options.RootFileSystem is { } tar
            ? await _home.Trees.TarAsync(Path.GetFullPath(tar), progress, cancellationToken).ConfigureAwait(false)
            : await _home.Trees.DebianAsync(progress, cancellationToken).ConfigureAwait(false);

        var (record, @lock) = await ClaimAsync(tree, cancellationToken).ConfigureAwait(false);
        using var held = @lock;
        try
        {
            return await BuildAsync(record, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // The reason it failed is what is told; what cannot be removed now is found again by its record.
            await ClusterLab.Of(_home, LabRecord.Read(_home.Of(record.Name)) ?? record).RemoveHeldAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private void Check()
    {
        if (options.Count is < 1 or > MostHosts)
            throw new SealerException("LabCountInvalid", ErrorKind.InvalidInput, $"A lab has 1 to {MostHosts} hosts, not {options.Count}.", options.Count);
        if (options.Name is { } name)
            LabNames.Check(name);
        if (options.User is { } user)
            LabNames.CheckUser(user);
        options.Password?.RequireOneLine("The password of a lab's user");
        options.Link.Check();
        options.Uplink.Check();
        if (options.Subnet is not { } subnet)
            return;
        var room = subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork && subnet.PrefixLength is >= 16 and <= 28
            ? LabAddresses.Of(subnet, options.JumpHost).Room
            : throw new SealerException("LabSubnetInvalid", ErrorKind.InvalidInput, $"'{subnet}' cannot be a lab's network: it takes an IPv4 network of 16 to 28 bits, as 172.30.7.0/24.", subnet);
        if (options.Count > room)
            throw new SealerException("LabSubnetInvalid", ErrorKind.InvalidInput, $"'{subnet}' has room for {Math.Max(0, room)} hosts, and {options.Count} are wanted. Give a larger network.", subnet);
    }

    /// <summary>Takes a name and a subnet: until this returns nobody else on the machine takes one.</summary>
    private async Task<(LabRecord Record, FileStream Lock)> ClaimAsync(string tree, CancellationToken cancellationToken)
    {
        using var machine = await LabClaims.OfMachine.LockAsync(cancellationToken).ConfigureAwait(false);
        await RemoveOrphansAsync(cancellationToken).ConfigureAwait(false);
        var (name, @lock) = await TakeNameAsync(cancellationToken).ConfigureAwait(false);
        LabRecord? record = null;
        try
        {
            var subnet = await TakeSubnetAsync(cancellationToken).ConfigureAwait(false);
            record = RecordOf(name, subnet, tree);
            var folder = _home.Of(name);
            SealerHome.CreatePrivateFolder(folder);
            record.Write(folder);
            LabClaims.OfMachine.Add(new LabClaim { Id = record.Id, Folder = folder, Subnet = record.Subnet });
            SweepTrees();
            Tell($"The lab '{name}' gets the network {subnet}.");
            await new LabNetwork(record).CreateUplinkAsync(cancellationToken).ConfigureAwait(false);
            return (record, @lock);
        }
        catch
        {
            if (record is null)
                File.Delete(@lock.Name);
            else
                await ClusterLab.Of(_home, record).RemoveHeldAsync(CancellationToken.None).ConfigureAwait(false);
            await @lock.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<ClusterLab> BuildAsync(LabRecord record, CancellationToken cancellationToken)
    {
        var folder = _home.Of(record.Name);
        var scripts = Path.Combine(folder, "scripts");
        var cgroups = LabCgroups.OfMachine(record.Id);
        LabScripts.Write(scripts);
        Tell("The hosts get their control groups.");
        cgroups.Create(record.Hosts.Select(h => h.Name));
        Tell("The hosts get their links, names and keys.");
        var wiring = new LabNetwork(record).CreateHostsAsync(cancellationToken);
        var seeding = LabSeed.WriteAsync(record, folder, cgroups, scripts, options.Password, cancellationToken);
        await Task.WhenAll(wiring, seeding).ConfigureAwait(false);
        record = await seeding.ConfigureAwait(false);
        record.Write(folder);

        Tell("The hosts start.");
        var up = 0;
        await Task.WhenAll(record.Hosts.Select(async host =>
        {
            var machine = new LabMachine(record, host, Path.Combine(folder, host.Name), cgroups);
            await machine.StartAsync(cancellationToken).ConfigureAwait(false);
            await machine.WaitUntilUpAsync("", cancellationToken).ConfigureAwait(false);
            progress?.Report(new ProgressEvent($"Starting the lab {record.Name}", "hosts", Interlocked.Increment(ref up), record.Hosts.Count));
        })).ConfigureAwait(false);

        Tell("The links become what was asked for.");
        var links = new LabLinks(record, folder, cgroups);
        if (!options.Link.AreNone)
            await Task.WhenAll(record.Hosts.Select(host => links.ApplyAsync(host.Number, options.Link, cancellationToken))).ConfigureAwait(false);
        if (!options.Uplink.AreNone)
            await links.ApplyToUplinkAsync(options.Uplink, cancellationToken).ConfigureAwait(false);
        record = record with { State = LabState.Ready };
        record.Write(folder);
        return ClusterLab.Of(_home, record);
    }

    /// <summary>Labs whose folder somebody has deleted: what they have of the machine is nobody's.</summary>
    private static async Task RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        foreach (var claim in LabClaims.OfMachine.List().Where(claim => !Directory.Exists(claim.Folder)))
        {
            await ClusterLab.RemoveFromMachineAsync(claim.Id, cancellationToken).ConfigureAwait(false);
            LabClaims.OfMachine.Remove(claim.Id);
        }
    }

    /// <summary>Nobody else on the machine begins a lab meanwhile. Where one does not say what it is made of, nothing is old.</summary>
    private void SweepTrees()
    {
        var labs = LabClaims.OfMachine.List().Select(claim => LabRecord.Read(claim.Folder)).ToList();
        if (!labs.Contains(null))
            _home.Trees.Sweep([.. labs.Select(lab => lab!.Tree)]);
    }

    private async Task<(string Name, FileStream Lock)> TakeNameAsync(CancellationToken cancellationToken)
    {
        if (options.Name is { } wanted)
        {
            var free = _home.TryLock(wanted);
            if (free is not null && Directory.Exists(_home.Of(wanted)))
            {
                var there = ClusterLab.Find(wanted, options.Home);
                if (there.Record.State == LabState.Ready)
                {
                    await free.DisposeAsync().ConfigureAwait(false);
                    free = null;
                }
                else
                {
                    // Nobody works on it: whoever made it was killed.
                    await there.RemoveHeldAsync(cancellationToken).ConfigureAwait(false);
                    await free.DisposeAsync().ConfigureAwait(false);
                    free = _home.TryLock(wanted);
                }
            }

            return (wanted, free ?? throw new SealerException(
                "LabExists", ErrorKind.Conflict, $"There is a lab '{wanted}' already. Remove it (Remove-ClusterLab {wanted}), or choose another name.", wanted));
        }

        for (var i = 1; ; i++)
        {
            var name = i == 1 ? LabNames.Default : LabNames.Default + i;
            if (!Directory.Exists(_home.Of(name)) && _home.TryLock(name) is { } taken)
                return (name, taken);
        }
    }

    private async Task<IPNetwork> TakeSubnetAsync(CancellationToken cancellationToken)
    {
        var known = await LabNetwork.KnownAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<IPNetwork> used = [.. known, .. LabClaims.OfMachine.List().Select(claim => claim.Network)];
        if (options.Subnet is not { } wanted)
            return LabClaims.Free(used);
        foreach (var other in used)
        {
            if (!LabAddresses.Overlap(wanted, other))
                continue;
            throw new SealerException(
                "LabSubnetInUse", ErrorKind.Conflict, $"The network {wanted} overlaps with {other}, which this machine or another lab uses. Choose another, or leave -Subnet away.", wanted);
        }

        return wanted;
    }

    private LabRecord RecordOf(string name, IPNetwork subnet, string tree)
    {
        var addresses = LabAddresses.Of(subnet, options.JumpHost);
        var hosts = Enumerable.Range(1, options.Count).Select(number => new LabHostRecord
        {
            Name = $"{name}-{number}",
            Number = number,
            Address = addresses.Host(number).ToString(),
            Link = LinkRecord.Of(options.Link),
        });
        if (options.JumpHost)
        {
            hosts = hosts.Prepend(new LabHostRecord
            {
                Name = $"{name}-jump",
                Number = 0,
                Address = addresses.Jump.ToString(),
                InnerAddress = addresses.JumpInner.ToString(),
                IsJumpHost = true,
                Link = LinkRecord.Of(options.Link),
            });
        }

        return new LabRecord
        {
            Id = LabNames.Hex(RandomNumberGenerator.GetBytes(3)),
            Name = name,
            Created = DateTimeOffset.UtcNow,
            Subnet = subnet.ToString(),
            Tree = tree,
            User = options.User ?? "root",
            Uplink = LinkRecord.Of(options.Uplink),
            Hosts = [.. hosts],
        };
    }

    private void Tell(string what) => progress?.Report(new DetailEvent(what));
}
