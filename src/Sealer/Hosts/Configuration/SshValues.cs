using System.Globalization;

namespace Sealer.Hosts.Configuration;

/// <summary>Values of ssh_config(5) as they are read; null where a text is none.</summary>
internal static class SshValues
{
    public static bool? Flag(string text) => text.ToLowerInvariant() switch
    {
        "yes" or "true" => true,
        "no" or "false" => false,
        _ => null,
    };

    public static HostKeyPolicy? Policy(string text) => text.ToLowerInvariant() switch
    {
        "yes" or "true" => HostKeyPolicy.Strict,
        "no" or "false" or "off" => HostKeyPolicy.Off,
        "ask" => HostKeyPolicy.Ask,
        "accept-new" => HostKeyPolicy.AcceptNew,
        _ => null,
    };

    public static int? Seconds(string text)
    {
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            return 0;
        long total = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
                i++;
            if (!int.TryParse(text.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return null;
            var unit = i == text.Length ? 's' : char.ToLowerInvariant(text[i++]);
            long factor = unit switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, 'w' => 604800, _ => 0 };
            if (factor == 0 || (total += number * factor) > int.MaxValue)
                return null;
        }

        return text.Length == 0 ? null : (int)total;
    }
}
