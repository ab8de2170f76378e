using System.Diagnostics;
using System.Globalization;

namespace Sealer.Benchmarks;

/// <summary>
/// How long Import-Module takes in a fresh pwsh, and how much of that is the module's own: an empty module, imported just
/// before in the same process, shows what PowerShell takes for itself.
/// </summary>
internal static class ImportFigure
{
    private const int GoalMilliseconds = 200;

    /// <summary>The figure, or null where there is no pwsh.</summary>
    public static string? Measure(string module, string work, int runs)
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(f => File.Exists(Path.Combine(f, "pwsh"))))
            return null;
        var empty = Path.Combine(work, "Empty.psm1");
        File.WriteAllText(empty, "");
        var script = $$"""
            $clock = [Diagnostics.Stopwatch]::StartNew()
            Import-Module '{{empty}}'
            $own = $clock.Elapsed.TotalMilliseconds
            $clock.Restart()
            Import-Module '{{module}}'
            [string]::Format([cultureinfo]::InvariantCulture, '{0} {1}', $own, $clock.Elapsed.TotalMilliseconds)
            """;
        var times = new List<(double Empty, double Ours)>();
        for (var i = 0; i <= runs; i++)
        {
            var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", "-Command", script]) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var numbers = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
            process.WaitForExit();
            times.Add((double.Parse(numbers[0], CultureInfo.InvariantCulture), double.Parse(numbers[1], CultureInfo.InvariantCulture)));
        }

        // The first run brings the files into memory.
        var (ofPowerShell, ours) = times.Skip(1).OrderBy(t => t.Ours).ElementAt(runs / 2);
        return string.Create(CultureInfo.InvariantCulture, $"Import-Module Sealer in pwsh: {ours:f0} ms (at most {GoalMilliseconds}: {(ours <= GoalMilliseconds ? "reached" : "MISSED")}), of which the module's own {ours - ofPowerShell:f0} ms.");
    }
}
