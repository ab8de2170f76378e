using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Labs;

/// <summary>
/// What a lab's folder says of it: written before anything outside of the folder is made, so that all of it can be found
/// again whenever the making is broken off. Holds no secret.
/// </summary>
internal sealed record LabRecord
{
    public const string FileName = "lab.json";
    private const int Current = 1;

    public int Version { get; init; } = Current;

    /// <summary>Six hexadecimal digits, in the name of everything that the lab has of the kernel.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Ready once it stands; anything else is on its way.</summary>
    public LabState State { get; init; } = LabState.Creating;

    public DateTimeOffset Created { get; init; }

    public required string Subnet { get; init; }

    /// <summary>The folder of the files that all hosts share.</summary>
    public required string Tree { get; init; }

    public required string User { get; init; }

    public LinkRecord Uplink { get; init; } = new();

    public IReadOnlyList<LabHostRecord> Hosts { get; init; } = [];

    /// <summary>
    /// Reads that of a lab's folder; null where there is none yet, or not of ours. Of these words root makes paths to delete and
    /// groups to kill: one that names anything but its own lab is none.
    /// </summary>
    public static LabRecord? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, FileName)), LabJson.Default.LabRecord) is { Version: Current } record
                && record.IsOf(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)))
                ? record
                : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    // What JSON leaves null is null here, whatever the types say.
    private bool IsOf(string folder) =>
        Name == folder && Id is not null && LabNames.IsId(Id) && User is not null && LabNames.IsUser(User) && LabClaim.IsSubnet(Subnet)
        && Tree is not null && Uplink is not null && Uplink.IsPossible && Hosts is not null
        && Hosts.All(host => host is { HostKeyFingerprint: not null, Link: not null } && host.Link.IsPossible && host.Number is >= 0 and < 1000 && host.Name == (host.IsJumpHost ? $"{folder}-jump" : string.Create(CultureInfo.InvariantCulture, $"{folder}-{host.Number}"))
            && IPAddress.TryParse(host.Address, out _) && (host.InnerAddress is null || IPAddress.TryParse(host.InnerAddress, out _)));

    /// <summary>Writes it, on the disk when this returns.</summary>
    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, this, LabJson.Default.LabRecord);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }
}

/// <summary>A host as it is kept.</summary>
internal sealed record LabHostRecord
{
    public required string Name { get; init; }

    /// <summary>Position: 1 for the first; 0 for the jump host.</summary>
    public required int Number { get; init; }

    public required string Address { get; init; }

    /// <summary>The jump host's address among the hosts; null for the others.</summary>
    public string? InnerAddress { get; init; }

    public bool IsJumpHost { get; init; }

    public bool IsCutOff { get; init; }

    public string HostKeyFingerprint { get; init; } = "";

    public LinkRecord Link { get; init; } = new();
}

/// <summary>The conditions of a link as they are kept.</summary>
internal sealed record LinkRecord
{
    public double DelayMilliseconds { get; init; }

    public long? Rate { get; init; }

    public double Loss { get; init; }

    /// <summary>A link can be so; other numbers are no times.</summary>
    [JsonIgnore]
    public bool IsPossible => DelayMilliseconds is >= 0 and <= 60_000;

    public static LinkRecord Of(LinkConditions link) =>
        new() { DelayMilliseconds = link.Delay.TotalMilliseconds, Rate = link.Rate, Loss = link.Loss };

    public LinkConditions ToConditions() =>
        new() { Delay = TimeSpan.FromMilliseconds(DelayMilliseconds), Rate = Rate, Loss = Loss };
}

/// <summary>What a lab has of this machine beside its folder, in a folder of the machine that its next start empties.</summary>
internal sealed record LabClaim
{
    public required string Id { get; init; }

    public required string Folder { get; init; }

    public required string Subnet { get; init; }

    [JsonIgnore]
    public IPNetwork Network => IPNetwork.Parse(Subnet);

    /// <summary>It can be acted on: of its words groups to kill and namespaces to delete are made.</summary>
    [JsonIgnore]
    public bool IsWhole => Id is not null && LabNames.IsId(Id) && !string.IsNullOrEmpty(Folder) && IsSubnet(Subnet);

    /// <summary>A network that a lab may have.</summary>
    public static bool IsSubnet(string? text) =>
        IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && network.PrefixLength is >= 16 and <= 28;
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LabRecord))]
[JsonSerializable(typeof(LabClaim))]
internal sealed partial class LabJson : JsonSerializerContext;
