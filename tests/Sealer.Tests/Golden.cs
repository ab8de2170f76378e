namespace Sealer.Tests;

/// <summary>The files made by the real sealer, which lie beside the project and are no part of it.</summary>
internal static class Golden
{
    /// <summary>Why nothing can be read there, or null where it can.</summary>
    public static string? Missing { get; } = Find() is null
        ? "SKIPPED, NOT PASSED: the golden files of the real sealer are not here. Set SEALER_GOLDEN to their folder."
        : null;

    /// <summary>The full path of a golden file.</summary>
    public static string PathOf(string name) => Path.Combine(Find() ?? throw new InvalidOperationException(Missing), name);

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SEALER_GOLDEN") is { Length: > 0 } told)
            return Directory.Exists(told) ? told : null;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "golden");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }
}

/// <summary>A fact about files of the real sealer; says loudly that it was skipped where they are not there.</summary>
internal sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute() => Skip = Golden.Missing;
}

/// <summary>A theory about files of the real sealer; says loudly that it was skipped where they are not there.</summary>
internal sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute() => Skip = Golden.Missing;
}
