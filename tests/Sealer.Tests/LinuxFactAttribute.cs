using System.Runtime.InteropServices;

namespace Sealer.Tests;

/// <summary>A fact about what exists on Linux only; says that it was skipped elsewhere.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "SKIPPED: only on Linux.";
}

/// <summary>A theory about what exists on Linux only; says that it was skipped elsewhere.</summary>
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = OperatingSystem.IsLinux() ? null : "SKIPPED: only on Linux.";
}

/// <summary>A fact that runs machine code of x86-64 on Linux; says that it was skipped elsewhere.</summary>
internal sealed class LinuxX64FactAttribute : FactAttribute
{
    public LinuxX64FactAttribute() =>
        Skip = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 ? null : "SKIPPED: only on Linux on x86-64.";
}

/// <summary>A fact about what Linux refuses, which it refuses nobody who may override it, root above all; says that it was skipped.</summary>
internal sealed class UnprivilegedFactAttribute : FactAttribute
{
    private const ulong OverridesModes = 1 << 1;

    public UnprivilegedFactAttribute() => Skip = !OperatingSystem.IsLinux() ? "SKIPPED: only on Linux."
        : (Capabilities() & OverridesModes) != 0 ? "SKIPPED: not as root; run the tests as another user, or behind setpriv --bounding-set=-dac_override,-dac_read_search."
        : null;

    private static ulong Capabilities() => Convert.ToUInt64(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal))["CapEff:".Length..].Trim(), 16);
}
