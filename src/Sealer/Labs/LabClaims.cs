using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Sealer.Labs;

/// <summary>
/// What the labs of this machine have of it, whoever's they are: a folder that its next start empties, as that start takes away
/// all that is named there too. It keeps subnets apart, and finds labs whose own folder is gone.
/// </summary>
internal sealed class LabClaims(string folder)
{
    private const string Instances = "/proc/sys/fs/inotify/max_user_instances";
    private const int EnoughInstances = 8192;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static LabClaims OfMachine { get; } = new("/run/sealer-labs");

    /// <summary>Takes the lock that one process at a time chooses names and subnets under.</summary>
    /// <exception cref="SealerException"><c>LabBusy</c>.</exception>
    public async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        SealerHome.CreatePrivateFolder(folder);
        return await FileLock.TakeAsync(Path.Combine(folder, "lock"), exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException("LabBusy", ErrorKind.Conflict, "Another process is making or removing a lab. Try again when it is done.", folder);
    }

    /// <summary>Every claim there is.</summary>
    public IReadOnlyList<LabClaim> List()
    {
        if (!Directory.Exists(folder))
            return [];
        var found = new List<LabClaim>();
        foreach (var file in Directory.GetFiles(folder, "*.json"))
        {
            try
            {
                if (JsonSerializer.Deserialize(File.ReadAllBytes(file), LabJson.Default.LabClaim) is { IsWhole: true } claim)
                    found.Add(claim);
            }
            catch (Exception e) when (e is JsonException or IOException)
            {
                // Half written by a process that was killed, or just removed: nothing was made after it.
            }
        }

        return found;
    }

    /// <summary>Adds one, and with the first gives the machine what many hosts need of it.</summary>
    public void Add(LabClaim claim)
    {
        var path = PathOf(claim.Id);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(claim, LabJson.Default.LabClaim));
        File.Move(path + ".new", path, overwrite: true);
        // Root's inotify instances are counted for all hosts together, and the usual 128 end with the eighth.
        var kept = Path.Combine(folder, "inotify");
        if (int.Parse(File.ReadAllText(Instances), CultureInfo.InvariantCulture) is var before && before < EnoughInstances)
        {
            if (!File.Exists(kept))
                File.WriteAllText(kept, before.ToString(CultureInfo.InvariantCulture));
            File.WriteAllText(Instances, EnoughInstances.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Takes one away, and with the last gives the machine its own values back.</summary>
    public void Remove(string id)
    {
        File.Delete(PathOf(id));
        var kept = Path.Combine(folder, "inotify");
        if (List().Count > 0 || !File.Exists(kept))
            return;
        if (File.ReadAllText(Instances).Trim() == EnoughInstances.ToString(CultureInfo.InvariantCulture))
            File.WriteAllText(Instances, File.ReadAllText(kept));
        File.Delete(kept);
    }

    /// <summary>A free network in 10.77.0.0/16.</summary>
    /// <exception cref="SealerException"><c>LabSubnetsUsedUp</c>.</exception>
    public static IPNetwork Free(IReadOnlyList<IPNetwork> used)
    {
        for (var i = 0; i < 256; i++)
        {
            var network = new IPNetwork(new IPAddress([10, 77, (byte)i, 0]), 24);
            if (!used.Any(other => LabAddresses.Overlap(network, other)))
                return network;
        }

        throw new SealerException(
            "LabSubnetsUsedUp", ErrorKind.Conflict, "All of 10.77.0.0/16 is in use. Remove labs, or name a free network: -Subnet 172.30.7.0/24.");
    }

    private string PathOf(string id) => Path.Combine(folder, id + ".json");
}
