using System.Buffers.Binary;
using System.Net;

namespace Sealer.Labs;

/// <summary>Who has which address in a lab's subnet.</summary>
/// <param name="Hosts">The network that the hosts are in.</param>
/// <param name="Front">The network of the machine's link into the lab: the same, or with a jump host the upper half.</param>
internal sealed record LabAddresses(IPNetwork Hosts, IPNetwork Front)
{
    private const int FirstHost = 11;

    /// <summary>This machine's.</summary>
    public IPAddress Controller => Last(Front);

    /// <summary>The bridge's, which hosts have their default route to.</summary>
    public IPAddress Gateway => At(Hosts, 1);

    /// <summary>The jump host's towards this machine.</summary>
    public IPAddress Jump => At(Front, 1);

    /// <summary>The jump host's towards the hosts.</summary>
    public IPAddress JumpInner => At(Hosts, 2);

    private int First => Hosts.PrefixLength > 27 ? 3 : FirstHost;

    /// <summary>Hosts there is room for.</summary>
    public int Room => (1 << (32 - Hosts.PrefixLength)) - First - 2;

    public static LabAddresses Of(IPNetwork subnet, bool withJumpHost)
    {
        if (!withJumpHost)
            return new LabAddresses(subnet, subnet);
        var half = subnet.PrefixLength + 1;
        return new LabAddresses(new IPNetwork(subnet.BaseAddress, half), new IPNetwork(At(subnet, 1 << (32 - half)), half));
    }

    /// <summary>The address of a host, from 1.</summary>
    public IPAddress Host(int number) => At(Hosts, First + number - 1);

    public static IPNetwork NetworkOf(IPAddress address, int prefix)
    {
        var mask = prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
        return new IPNetwork(ToAddress(ToNumber(address) & mask), prefix);
    }

    public static bool Overlap(IPNetwork one, IPNetwork other) => one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress);

    private static IPAddress At(IPNetwork network, int offset) => ToAddress(ToNumber(network.BaseAddress) + (uint)offset);

    private static IPAddress Last(IPNetwork network) => At(network, (1 << (32 - network.PrefixLength)) - 2);

    private static uint ToNumber(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress ToAddress(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
