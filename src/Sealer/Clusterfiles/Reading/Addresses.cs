using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads addresses as Go does: four decimal numbers or IPv6, no octal, no short forms, no zones.</summary>
internal static class Addresses
{
    /// <summary>More hosts than Kubernetes bears, three times; a slip of one digit in a range shall not fill the memory.</summary>
    public const int MaxInRange = 16_384;

    public static IPAddress? Parse(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            if (text.AsSpan().ContainsAnyExcept("0123456789abcdefABCDEF:.") || !IPAddress.TryParse(text, out var v6))
                return null;
            return v6.IsIPv4MappedToIPv6 ? v6.MapToIPv4() : v6;
        }

        var parts = text.Split('.', 5);
        if (parts.Length != 4)
            return null;
        var bytes = new byte[4];
        for (var i = 0; i < 4; i++)
        {
            var part = parts[i];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
            {
                return null;
            }
        }

        return new IPAddress(bytes);
    }

    /// <summary><c>10.0.0.0/22</c>; host bits are cleared, as Go does. Null where it is no network.</summary>
    public static IPNetwork? ParseNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || Parse(text[..slash]) is not { } address
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > Bits(address))
        {
            return null;
        }

        var mask = (BigInteger.One << (Bits(address) - length)) - 1;
        return new IPNetwork(Of(ValueOf(address) & ~mask, address.AddressFamily), length);
    }

    /// <summary>The n-th address of a network; null where it is too small.</summary>
    public static IPAddress? At(IPNetwork network, int index)
    {
        var value = ValueOf(network.BaseAddress) + index;
        if (value >= BigInteger.One << Bits(network.BaseAddress))
            return null;
        var address = Of(value, network.BaseAddress.AddressFamily);
        return network.Contains(address) ? address : null;
    }

    /// <summary>An address, several with commas between, ranges <c>first-last</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="reason">Why there is none.</param>
    public static List<IPAddress>? ParseRanges(string text, out string reason)
    {
        reason = "";
        var result = new List<IPAddress>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var first = Parse(dash < 0 ? part : part[..dash].TrimEnd());
            var last = dash < 0 ? first : Parse(part[(dash + 1)..].TrimStart());
            if (first is null || last is null)
            {
                reason = $"{Quoting.Quote(part)} is not an address; write 10.0.0.2, fd00::2, or a range 10.0.0.2-10.0.0.9";
                return null;
            }

            if (first.AddressFamily != last.AddressFamily || ValueOf(last) < ValueOf(first))
            {
                reason = $"the range {Quoting.Quote(part)} ends before it begins";
                return null;
            }

            var count = ValueOf(last) - ValueOf(first) + 1;
            if (count + result.Count > MaxInRange)
            {
                reason = $"the range {Quoting.Quote(part)} holds more than {MaxInRange} addresses";
                return null;
            }

            for (var value = ValueOf(first); value <= ValueOf(last); value++)
                result.Add(Of(value, first.AddressFamily));
        }

        return result;
    }

    /// <summary>Why an address can be no host's; null where it can.</summary>
    public static string? WhyNotAHost(IPAddress address) => address switch
    {
        _ when address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) => "stands for every address of a machine",
        _ when address.Equals(IPAddress.Broadcast) => "is the broadcast address",
        { IsIPv6Multicast: true } => "is a multicast address",
        { IsIPv6LinkLocal: true } => "is a link-local address, which nodes cannot share",
        { AddressFamily: AddressFamily.InterNetwork } when address.GetAddressBytes()[0] is >= 224 => "is a multicast or reserved address",
        { AddressFamily: AddressFamily.InterNetwork } when address.GetAddressBytes()[0] is 0 => "belongs to no network",
        _ => null,
    };

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    private static BigInteger ValueOf(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static IPAddress Of(BigInteger value, AddressFamily family)
    {
        var bytes = new byte[family == AddressFamily.InterNetwork ? 4 : 16];
        var significant = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        significant.CopyTo(bytes, bytes.Length - significant.Length);
        return new IPAddress(bytes);
    }
}
