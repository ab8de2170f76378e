namespace Sealer.Benchmarks;

/// <summary>Our side: each command a fresh process of the Runner with the built module, as a pipeline agent would start it.</summary>
internal sealed class SealerProcess(string store)
{
    private static readonly string Runner = Path.Combine(AppContext.BaseDirectory, "../../../../../src/Sealer.Runner/bin", Configuration, "net10.0/Sealer.Runner.dll");

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public Measurement Run(string command)
    {
        Environment.SetEnvironmentVariable("SEALER_HOME", store);
        return Measurement.Of("dotnet", Path.GetFullPath(Runner), "-Command", "$ErrorActionPreference = 'Stop'; " + command);
    }
}
