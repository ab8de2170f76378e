using System.Globalization;

namespace Sealer.Benchmarks;

/// <summary>Our side: each command a fresh process of the published Runner, as a pipeline agent would start it.</summary>
internal sealed class SealerProcess(string runner, string store)
{
    /// <summary>Publishes the Runner, with the module, into a folder; returns the program.</summary>
    public static string Publish(string folder)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Sealer.PowerShell.sln")))
            root = root.Parent!;
        var architecture = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;
        Measurement.Of("dotnet", "publish", Path.Combine(root.FullName, "src/Sealer.Runner"), "-c", "Release", "-r", architecture, "--self-contained", "-o", folder, "-nologo", "-v", "quiet");
        return Path.Combine(folder, "Sealer.Runner");
    }

    /// <summary>The module's manifest in the published folder.</summary>
    public static string Module(string runner) =>
        Directory.EnumerateFiles(Path.Combine(Path.GetDirectoryName(runner)!, "Modules", "Sealer"), "Sealer.psd1", SearchOption.AllDirectories).Single();

    public Measurement Run(string command)
    {
        Environment.SetEnvironmentVariable("SEALER_HOME", store);
        return Measurement.Of(runner, "-Command", "$ErrorActionPreference = 'Stop'; " + command);
    }

    /// <summary>As an operator's open session does it: once into another store, then for the measure.</summary>
    public Measurement RunTwice(string command)
    {
        var clock = Path.GetTempFileName();
        try
        {
            var all = Run($$"""
                $home1 = $env:SEALER_HOME; $env:SEALER_HOME = "$home1-before"
                {{command}}
                [IO.Directory]::Delete($env:SEALER_HOME, $true)
                $env:SEALER_HOME = $home1
                $clock = [Diagnostics.Stopwatch]::StartNew()
                {{command}}
                [IO.File]::WriteAllText('{{clock}}', $clock.Elapsed.TotalSeconds.ToString([cultureinfo]::InvariantCulture))
                """);
            return all with { Seconds = double.Parse(File.ReadAllText(clock), CultureInfo.InvariantCulture) };
        }
        finally
        {
            File.Delete(clock);
        }
    }
}
