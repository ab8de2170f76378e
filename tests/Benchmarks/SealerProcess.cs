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
}
