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
