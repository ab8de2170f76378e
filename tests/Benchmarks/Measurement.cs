using System.Diagnostics;
using System.Globalization;

namespace Sealer.Benchmarks;

/// <summary>What one run of one command took, by the operating system's own account (GNU time).</summary>
/// <param name="Seconds">Wall clock.</param>
/// <param name="CpuSeconds">User and system, of the command and all its children.</param>
/// <param name="PeakMebibytes">Resident memory of the largest single process.</param>
internal sealed record Measurement(double Seconds, double CpuSeconds, double PeakMebibytes)
{
    /// <summary>Runs a command to its end; a command that fails ends the benchmark with its output.</summary>
    public static Measurement Of(string command, params IEnumerable<string> arguments)
    {
        var figures = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/usr/bin/time", ["-o", figures, "-f", "%e %U %S %M", command, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"{command} {string.Join(' ', start.ArgumentList.Skip(5))}\n{output}{errors.GetAwaiter().GetResult()}");
            var parts = File.ReadAllText(figures).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var numbers = Array.ConvertAll(parts[^4..], p => double.Parse(p, CultureInfo.InvariantCulture));
            return new Measurement(numbers[0], numbers[1] + numbers[2], numbers[3] / 1024);
        }
        finally
        {
            File.Delete(figures);
        }
    }
}
