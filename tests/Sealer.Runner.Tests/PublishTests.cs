using System.Diagnostics;

namespace Sealer.Runner.Tests;

/// <summary>
/// The folders that dotnet publish makes, out of a copy of the sources alone. The runtimes in them come from NuGet: packages
/// Microsoft.NETCore.App.Runtime.RID, Microsoft.NETCore.App.Host.RID and Microsoft.NETCore.App.Crossgen2 of this machine.
/// </summary>
[Trait("Tier", "parts")]
public sealed class PublishTests(PublishTests.Sources sources) : IClassFixture<PublishTests.Sources>
{
    private const ushort ElfX64 = 62;
    private const ushort ElfArm64 = 183;
    private const ushort PeX64 = 0x8664;

    [Fact]
    public async Task The_folder_for_linux_x64_runs_where_no_dotnet_is()
    {
        var folder = await sources.PublishAsync("linux-x64");

        Assert.Equal(ElfX64, MachineOf(Path.Combine(folder, "Sealer.Runner")));
        AssertHasModule(folder);
        using var runner = new RunnerProcess();
        runner.Environment["PATH"] = "/nonexistent";
        runner.Environment["DOTNET_ROOT"] = "/nonexistent";
        runner.Write("Kubefile", "FROM scratch\n");
        using var process = runner.Start(
            Path.Combine(folder, "Sealer.Runner"),
            "-Command",
            "(Build-ClusterImage . -Tag a:v1 -Platform linux/amd64 | Test-ClusterImage).Passed; (Get-Module Sealer).ModuleBase; (Get-Help Get-ClusterImage).Name");
        var (exitCode, output, error) = await RunnerProcess.EndAsync(process);

        Assert.Equal("", error);
        Assert.Equal($"True\n{Path.Combine(folder, "Modules", "Sealer", RunnerProcess.Metadata("ModuleVersion"))}\nGet-ClusterImage\n", output);
        Assert.Equal(0, exitCode);
    }

    [Theory]
    [InlineData("linux-arm64", "Sealer.Runner", ElfArm64, "libcoreclr.so")]
    [InlineData("win-x64", "Sealer.Runner.exe", PeX64, "coreclr.dll")]
    public async Task The_folder_for_another_machine_is_whole(string runtime, string program, int machine, string core)
    {
        var folder = await sources.PublishAsync(runtime);

        Assert.Equal(machine, MachineOf(Path.Combine(folder, program)));
        Assert.Equal(machine, MachineOf(Path.Combine(folder, core)));
        AssertHasModule(folder);
    }

    private void AssertHasModule(string folder)
    {
        Assert.DoesNotContain(sources.Folder, System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "Sealer.Runner.dll"))), StringComparison.Ordinal);
        var built = new DirectoryInfo(RunnerProcess.Metadata("ModuleFolder"));
        var published = new DirectoryInfo(Path.Combine(folder, "Modules", "Sealer", RunnerProcess.Metadata("ModuleVersion")));
        Assert.Equal(Names(built), Names(published));
        Assert.Empty(Directory.EnumerateFiles(folder, "*.pdb", SearchOption.AllDirectories));
    }

    private static IEnumerable<string> Names(DirectoryInfo folder) =>
        folder.EnumerateFiles("*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.FullName, f.FullName)).Order(StringComparer.Ordinal);

    /// <summary>What machine a program or library is for, by its header.</summary>
    private static int MachineOf(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return bytes[0] == 0x7f ? BitConverter.ToUInt16(bytes, 18) : BitConverter.ToUInt16(bytes, BitConverter.ToInt32(bytes, 60) + 4);
    }

    /// <summary>A copy of what the program is made of, so that publishing it meets no other test.</summary>
    public sealed class Sources : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("sealer-publish-").FullName;

        public Sources()
        {
            foreach (var file in Directory.EnumerateFiles(RunnerProcess.Root).Concat(
                new[] { "src", "module", "tools" }.SelectMany(f => Directory.EnumerateFiles(Path.Combine(RunnerProcess.Root, f), "*", SearchOption.AllDirectories))))
            {
                var relative = Path.GetRelativePath(RunnerProcess.Root, file);
                if (relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                    continue;
                var copy = Path.Combine(Folder, "source", relative);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        public async Task<string> PublishAsync(string runtime)
        {
            var folder = Path.Combine(Folder, runtime);
            var start = new ProcessStartInfo(
                "dotnet",
                ["publish", "src/Sealer.Runner", "-c", "Release", "-r", runtime, "--self-contained", "-o", folder, "-nologo", "-v", "quiet", "-nodeReuse:false"])
            {
                WorkingDirectory = Path.Combine(Folder, "source"),
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // What the build that runs this test has set is no matter of that one.
            foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
                start.Environment.Remove(name);
            using var process = Process.Start(start)!;
            var (exitCode, output, error) = await RunnerProcess.EndAsync(process, TimeSpan.FromMinutes(10));
            Assert.True(exitCode == 0, $"dotnet publish -r {runtime} failed. NU1101 and NU1102 name the packages that NuGet does not serve here.\n{output}\n{error}");
            return folder;
        }

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
