using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sealer.Delivery;

/// <summary>A process of a controller, told apart from all others: that the same number is used again later means nothing.</summary>
/// <param name="Name">As <c>alice@laptop</c>.</param>
/// <param name="Machine">A digest that stands for the machine, and for its namespace of processes.</param>
/// <param name="Id">Its number.</param>
/// <param name="Started">When it was started, in the machine's own measure.</param>
internal sealed record ControllerProcess(string Name, string Machine, int Id, string Started)
{
    private const int StartedField = 22;

    /// <summary>This one.</summary>
    public static ControllerProcess Current() => new(
        $"{Word(Environment.UserName)}@{Word(Environment.MachineName)}", ThisMachine(), Environment.ProcessId, StartOf(Environment.ProcessId) ?? "");

    /// <summary>True where it was one of this machine's, and is no more.</summary>
    public bool IsDead() => Machine == ThisMachine() && StartOf(Id) != Started;

    /// <summary>As words for a shell.</summary>
    public override string ToString() => $"{Name} {Machine} {Id.ToString(CultureInfo.InvariantCulture)} {Started}";

    /// <summary>What <see cref="ToString"/> wrote, or null.</summary>
    public static ControllerProcess? Parse(string text) =>
        text.Split(' ') is [var name, var machine, var id, var started] && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new ControllerProcess(name, machine, number, started)
            : null;

    private static string ThisMachine()
    {
        // Of two containers on one machine neither sees the other's processes.
        var parts = new StringBuilder(Environment.MachineName);
        if (OperatingSystem.IsLinux())
        {
            parts.Append(File.Exists("/etc/machine-id") ? File.ReadAllText("/etc/machine-id") : "");
            parts.Append(new FileInfo("/proc/self/ns/pid").LinkTarget);
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())))[..16].ToLowerInvariant();
    }

    private static string? StartOf(int id)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // The name of the program, in parentheses, may hold anything.
                var stat = File.ReadAllText($"/proc/{id}/stat");
                return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartedField - 3];
            }

            using var process = Process.GetProcessById(id);
            return new DateTimeOffset(process.StartTime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Word(string text) => new([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')]);
}
