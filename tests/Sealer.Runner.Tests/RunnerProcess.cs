using System.Diagnostics;
using System.Reflection;

namespace Sealer.Runner.Tests;

/// <summary>The real program, with a store, a home and a working folder of its own.</summary>
internal sealed class RunnerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The program as the build has made it.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Sealer.Runner.exe" : "Sealer.Runner");

    /// <summary>The root of the project's tree.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Metadata("ModuleFolder"), "..", "..", ".."));

    public RunnerProcess() => WorkingFolder = Folder;

    /// <summary>A folder that lives as long as this.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("sealer-runner-").FullName;

    /// <summary>Where the program runs; the folder, where nothing else is said.</summary>
    public string WorkingFolder { get; set; }

    public Dictionary<string, string?> Environment { get; } = [];

    /// <summary>Writes a file into the folder.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public static string Metadata(string key) =>
        typeof(RunnerProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;

    /// <summary>What a run comes to, without a terminal.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(Program, arguments);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    public static async Task<(int ExitCode, string Output, string Error)> EndAsync(Process process, TimeSpan? patience = null)
    {
        using var limit = new CancellationTokenSource(patience ?? Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
    }

    public Process Start(string program, params string[] arguments)
    {
        // What nohup, a shell in the background and many a CI start ignores signals, and every child inherits that.
        var start = OperatingSystem.IsLinux() ? new ProcessStartInfo("env", ["--default-signal=INT,QUIT,TERM,HUP", program, .. arguments]) : new ProcessStartInfo(program, arguments);
        start.WorkingDirectory = WorkingFolder;
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        start.Environment["SEALER_HOME"] = Path.Combine(Folder, "home");
        start.Environment["TMPDIR"] = Folder;
        start.Environment["TERM"] = "xterm";
        start.Environment.Remove("NO_COLOR");
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
