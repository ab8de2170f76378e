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
